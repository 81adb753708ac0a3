import { expect, test } from 'vitest';
import { ApiError } from './api.ts';
import { describeFolders, describeFull, describeUsage } from './filesystem-full.ts';

const numbers = {
  needed_bytes: 4096,
  free_bytes: 1024,
  limit_bytes: 2 ** 25,
  needed_files: 0,
  free_files: 7,
  limit_files: 4096,
};

test('what is short is named with its numbers', () => {
  expect(describeFull(new ApiError('filesystem_full', '', 507, numbers))).toBe(
    'It needs 4 KiB, 1 KiB of 32 MiB are free.',
  );
  const files = { ...numbers, needed_files: 1, free_files: 0 };
  expect(describeFull(new ApiError('filesystem_full', '', 507, files))).toBe(
    'It needs 1 more file or folder; all 4,096 files of the limit are used.',
  );
});

test('the largest folders are listed, the root is not one of them', () => {
  const folders = [
    { path: '', used_bytes: 4096, used_files: 9 },
    { path: '.venv', used_bytes: 2048, used_files: 5 },
  ];
  expect(describeFolders(folders)).toBe('Largest folders: .venv (2 KiB)');
  expect(describeFolders([])).toBe('');
});

test('a folder is not listed for what is in another one of the list, nor for next to nothing', () => {
  const folders = [
    { path: '.venv', used_bytes: 3_000_000, used_files: 9 },
    { path: '.venv/lib', used_bytes: 2_990_000, used_files: 9 },
    { path: '.venv/lib/torch', used_bytes: 2_000_000, used_files: 9 },
    { path: '.venv/lib/numpy', used_bytes: 900_000, used_files: 9 },
    { path: 'empty', used_bytes: 0, used_files: 1 },
  ];
  expect(describeFolders(folders)).toBe(
    'Largest folders: .venv/lib (2.9 MiB), .venv/lib/torch (1.9 MiB), .venv/lib/numpy (879 KiB)',
  );
});

test('use is told in bytes and files', () => {
  const usage = { used_bytes: 500_000, used_files: 12, limit_bytes: 1_000_000, limit_files: 1000 };
  expect(describeUsage(usage)).toBe('488 KiB of 977 KiB, 12 of 1,000 files');
});
