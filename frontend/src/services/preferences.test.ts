import { beforeAll, describe, expect, test, vi } from 'vitest';

let module: typeof import('./preferences.ts');

beforeAll(async () => {
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: vi.fn() });
  module = await import('./preferences.ts');
});

describe('what was stored', () => {
  test('is taken where it is possible', () => {
    const stored = JSON.stringify({ theme: 'dark', fontSize: 16, keymap: 'vim', autosave: false });
    expect(module.parsePreferences(stored)).toEqual({
      ...module.DEFAULTS,
      theme: 'dark',
      fontSize: 16,
      keymap: 'vim',
      autosave: false,
    });
  });

  test.each([
    null,
    'null',
    '[]',
    '{"theme": "pink", "keymap": 1, "fontSize": 7, "autosave": "yes", "unknown": true}',
    '{"fontSize": 12.5, "highContrast": null}',
  ])('is as it is by default where it is not: %s', (stored) => {
    expect(module.parsePreferences(stored)).toEqual(module.DEFAULTS);
  });
});
