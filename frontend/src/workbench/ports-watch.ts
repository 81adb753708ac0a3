/** Offers to open a port as soon as a program listens on it. */

import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/workbench.ts';

export function newPorts(before: readonly number[] | null, now: readonly number[]): number[] {
  return before === null ? [] : now.filter((port) => !before.includes(port));
}

export function watchPorts(session: ModelSession): Disposable {
  const owned = new DisposableStore();
  let known: readonly number[] | null = null;
  owned.defer(
    session.ports.subscribe((now) => {
      if (now === null) return; // nothing was heard yet
      for (const port of newPorts(known, now)) offer(session, port);
      for (const port of known ?? []) if (!now.includes(port)) session.notifications.dismissKey(keyOf(port));
      known = now;
    }),
  );
  return owned;
}

const keyOf = (port: number): string => `port-${port}`;

function offer(session: ModelSession, port: number): void {
  const open = (): void => {
    window.open(session.api.portUrl(port), '_blank', 'noopener');
    session.notifications.dismissKey(keyOf(port));
  };
  session.notifications.show({
    severity: 'info',
    key: keyOf(port),
    message: texts.ports.listening(port),
    actions: [{ label: texts.ports.open, run: open }],
  });
  session.announce(texts.ports.listening(port));
}
