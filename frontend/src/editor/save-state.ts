/** What is known of one open file and its copy on disk. Changes only through `next`. */

export interface SaveState {
  /** Of the version the text was read from or last saved as; null when it has never been on disk. */
  readonly etag: string | null;
  /** The text differs from that version. */
  readonly dirty: boolean;
  readonly saving: boolean;
  /** How the disk differs from that version. */
  readonly disk: 'same' | 'changed' | 'deleted';
  /** Of what is on disk now, as last heard; null: nothing. */
  readonly diskEtag: string | null;
}

export type SaveEvent =
  | { readonly type: 'edited'; readonly dirty: boolean }
  /** The text was put in from disk, or a draft was put over it. */
  | { readonly type: 'loaded'; readonly etag: string | null; readonly dirty: boolean }
  | { readonly type: 'save_started' }
  /** `dirty`: the text was edited further while the save was under way. */
  | { readonly type: 'saved'; readonly etag: string; readonly dirty: boolean }
  | { readonly type: 'save_failed' }
  | { readonly type: 'found_on_disk'; readonly etag: string | null };

export const CLOSED: SaveState = { etag: null, dirty: false, saving: false, disk: 'same', diskEtag: null };

export function next(state: SaveState, event: SaveEvent): SaveState {
  switch (event.type) {
    case 'edited':
      return { ...state, dirty: event.dirty };
    case 'loaded':
      return { etag: event.etag, diskEtag: event.etag, dirty: event.dirty, saving: false, disk: 'same' };
    case 'save_started':
      return { ...state, saving: true };
    case 'saved':
      return { etag: event.etag, diskEtag: event.etag, dirty: event.dirty, saving: false, disk: 'same' };
    case 'save_failed':
      return { ...state, saving: false };
    case 'found_on_disk':
      return { ...state, diskEtag: event.etag, disk: compare(state.etag, event.etag) };
  }
}

function compare(known: string | null, onDisk: string | null): SaveState['disk'] {
  if (onDisk === known) return 'same';
  return onDisk === null ? 'deleted' : 'changed';
}

/** What a plain save may replace: only the version the person has seen; a deleted file is made anew. */
export function expectedBySave(state: SaveState): string | null {
  return state.disk === 'deleted' ? null : state.etag;
}

/** The person saw nothing of the file but what is on disk, so what came there may be shown at once. */
export function shouldReload(state: SaveState): boolean {
  return state.disk === 'changed' && !state.dirty && !state.saving;
}
