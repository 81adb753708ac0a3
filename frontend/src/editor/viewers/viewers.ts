/** What shows a file other than as text to edit. The editor knows no more of a viewer than this page says. */

import type { Component } from 'svelte';
import { extension } from '../../base/paths.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/viewers.ts';

/** A version of a file on disk. */
export interface FileSource {
  readonly path: string;
  /** Answers Range requests; names the version, so that no cache gives another one. */
  readonly url: string;
  readonly byteSize: number;
  readonly etag: string;
}

export interface ViewerProps {
  readonly session: ModelSession;
  readonly source: FileSource;
  /** What is in the editor; '' for a viewer that reads bytes. */
  readonly text: string;
}

export interface Viewer {
  /** What it shows the file as: "Table". */
  readonly label: string;
  /** `text` is what is in the editor, saved or not; `bytes` are what is saved. */
  readonly reads: 'text' | 'bytes';
  /** Whether the file can be edited as text as well, and what of both is shown first. */
  readonly asText: 'first' | 'offered' | 'never';
  readonly load: () => Promise<{ readonly default: Component<ViewerProps> }>;
}

const image: Viewer = {
  label: texts.labels.image,
  reads: 'bytes',
  asText: 'never',
  load: () => import('./ImageViewer.svelte'),
};
const drawing: Viewer = { ...image, asText: 'offered' };
const audio: Viewer = {
  label: texts.labels.audio,
  reads: 'bytes',
  asText: 'never',
  load: () => import('./MediaViewer.svelte'),
};
const video: Viewer = { ...audio, label: texts.labels.video };
const table: Viewer = {
  label: texts.labels.table,
  reads: 'bytes',
  asText: 'offered',
  load: () => import('./TableViewer.svelte'),
};
const pdf: Viewer = {
  label: texts.labels.pages,
  reads: 'bytes',
  asText: 'never',
  load: () => import('./PdfViewer.svelte'),
};
const markdown: Viewer = {
  label: texts.labels.preview,
  reads: 'text',
  asText: 'first',
  load: () => import('./MarkdownViewer.svelte'),
};
const notebook: Viewer = {
  label: texts.labels.notebook,
  reads: 'text',
  asText: 'offered',
  load: () => import('./NotebookViewer.svelte'),
};

/** Anything that is no text. */
export const bytesViewer: Viewer = {
  label: texts.labels.bytes,
  reads: 'bytes',
  asText: 'never',
  load: () => import('./BytesViewer.svelte'),
};

/** Text too long to be edited. */
export const longTextViewer: Viewer = {
  label: texts.labels.longText,
  reads: 'bytes',
  asText: 'never',
  load: () => import('./LongTextViewer.svelte'),
};

const BY_EXTENSION: Readonly<Record<string, Viewer>> = Object.fromEntries(
  (
    [
      [image, 'png jpg jpeg gif webp bmp avif ico'],
      [drawing, 'svg'],
      [audio, 'wav mp3 ogg oga opus flac m4a aac'],
      [video, 'mp4 webm ogv mov m4v'],
      [table, 'csv tsv'],
      [pdf, 'pdf'],
      [markdown, 'md markdown'],
      [notebook, 'ipynb'],
    ] as const
  ).flatMap(([viewer, names]) => names.split(' ').map((name) => [name, viewer])),
);

export function viewerOf(path: string): Viewer | null {
  return BY_EXTENSION[extension(path)] ?? null;
}

export function isVideo(path: string): boolean {
  return viewerOf(path) === video;
}
