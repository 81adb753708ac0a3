import { expect, test } from 'vitest';
import { CLOSED, expectedBySave, next, type SaveEvent, type SaveState, shouldReload } from './save-state.ts';

const after = (...events: SaveEvent[]): SaveState => events.reduce(next, CLOSED);
const loaded: SaveEvent = { type: 'loaded', etag: 'v1', dirty: false };
const edited: SaveEvent = { type: 'edited', dirty: true };

test('editing makes it dirty, undoing to what was saved makes it clean', () => {
  expect(after(loaded, edited).dirty).toBe(true);
  expect(after(loaded, edited, { type: 'edited', dirty: false }).dirty).toBe(false);
});

test('a save brings the new etag, which the next save expects', () => {
  const state = after(loaded, edited, { type: 'save_started' }, { type: 'saved', etag: 'v2', dirty: false });
  expect(state).toEqual({ etag: 'v2', diskEtag: 'v2', dirty: false, saving: false, disk: 'same' });
  expect(expectedBySave(state)).toBe('v2');
});

test('what was typed during a save stays dirty', () => {
  expect(
    after(loaded, edited, { type: 'save_started' }, { type: 'saved', etag: 'v2', dirty: true }).dirty,
  ).toBe(true);
});

test('a failed save keeps the text dirty and the etag as it was', () => {
  const state = after(loaded, edited, { type: 'save_started' }, { type: 'save_failed' });
  expect([state.dirty, state.saving, state.etag]).toEqual([true, false, 'v1']);
});

test('a clean file that changed on disk is read again, a dirty one is not', () => {
  const changed: SaveEvent = { type: 'found_on_disk', etag: 'v2' };
  expect(shouldReload(after(loaded, changed))).toBe(true);
  expect(shouldReload(after(loaded, edited, changed))).toBe(false);
  expect(shouldReload(after(loaded, { type: 'save_started' }, changed))).toBe(false);
});

test('hearing of our own save changes nothing', () => {
  const state = after(loaded, { type: 'found_on_disk', etag: 'v1' });
  expect([state.disk, shouldReload(state)]).toEqual(['same', false]);
});

test('a plain save never replaces a version nobody has seen', () => {
  const state = after(loaded, edited, { type: 'found_on_disk', etag: 'v2' });
  expect([state.disk, expectedBySave(state), state.diskEtag]).toEqual(['changed', 'v1', 'v2']);
});

test('a deleted file is made anew, only where nothing has taken its place', () => {
  const state = after(loaded, edited, { type: 'found_on_disk', etag: null });
  expect([state.disk, expectedBySave(state)]).toEqual(['deleted', null]);
});

test('a file that came back as it was is the same again', () => {
  const state = after(loaded, { type: 'found_on_disk', etag: null }, { type: 'found_on_disk', etag: 'v1' });
  expect(state.disk).toBe('same');
});
