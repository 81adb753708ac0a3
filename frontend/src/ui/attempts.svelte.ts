/** What a person asked for in a dialog: what is under way, and why the last did not work. */

import { messageOf } from '../services/api.ts';
import type { Notifications } from '../services/notifications.ts';

export class Attempts {
  /** Names what is under way; '' is nothing. */
  doing = $state('');
  problem = $state('');
  private left = false;

  constructor(private readonly notifications: Notifications) {}

  /** Whether it worked, and the dialog is still there to show it. `failure` begins what is said if it did not. */
  async run(doing: string, failure: string, act: () => Promise<unknown>): Promise<boolean> {
    this.doing = doing;
    this.problem = '';
    try {
      await act();
    } catch (error) {
      // A note in the corner would be behind the dialog.
      if (this.left) this.notifications.error(failure, error);
      else this.problem = `${failure} ${messageOf(error)}`;
      return false;
    } finally {
      this.doing = '';
    }
    return !this.left;
  }

  /** The dialog is closed; what fails from now on is a note of the page. */
  leave(): void {
    this.left = true;
  }
}
