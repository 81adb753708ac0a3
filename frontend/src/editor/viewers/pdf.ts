/** PDF documents, read by Range and drawn with PDF.js. Of what a document can do, only what is drawn is there: its scripts,
 * forms, attachments and links are not. It is parsed in a worker whose own policy lets it ask for nothing. */

import { getDocument, type PDFDocumentProxy, PDFWorker, TextLayer } from 'pdfjs-dist';
import Worker from 'pdfjs-dist/build/pdf.worker.min.mjs?worker';
import type { FileSource } from './viewers.ts';

/** At a scale of 1, in CSS pixels. */
export interface PageSize {
  readonly width: number;
  readonly height: number;
}

interface Drawing {
  /** From 1. */
  readonly number: number;
  readonly scale: number;
  readonly signal: AbortSignal;
}

export interface Pdf {
  readonly sizes: readonly PageSize[];
  /** The page and its text, into an empty element. */
  draw(layer: HTMLElement, drawing: Drawing): Promise<void>;
  close(): Promise<void>;
}

const CSS_UNITS = 96 / 72;
/** A canvas of a hostile page size would take all memory. */
const MOST_CANVAS_PIXELS = 16_000_000;
/** So many pages are asked for their own size; those after them are taken to be like the first. */
const MOST_MEASURED_PAGES = 500;

export async function openPdf({ url }: FileSource): Promise<Pdf> {
  const port = new Worker();
  const worker = PDFWorker.create({ port });
  const task = getDocument({
    url,
    worker,
    // Only what is looked at is fetched.
    disableAutoFetch: true,
    disableStream: true,
    enableXfa: false,
    // The page's policy allows neither; PDF.js has slower ways to do the same.
    useWasm: false,
    useWorkerFetch: false,
    useSystemFonts: true,
    canvasMaxAreaInBytes: MOST_CANVAS_PIXELS * 4,
  });
  const close = async (): Promise<void> => {
    await task.destroy();
    worker.destroy();
    port.terminate();
  };
  try {
    const document = await task.promise;
    return {
      sizes: await sizesOf(document),
      draw: (layer, drawing) => draw(document, layer, drawing),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function sizesOf(document: PDFDocumentProxy): Promise<PageSize[]> {
  const first = await sizeOf(document, 1);
  const measured = Math.min(document.numPages, MOST_MEASURED_PAGES);
  const numbers = Array.from({ length: measured - 1 }, (_, index) => index + 2);
  const others = await Promise.all(numbers.map((number) => sizeOf(document, number)));
  const rest = Array.from({ length: document.numPages - measured }, () => first);
  return [first, ...others, ...rest];
}

async function sizeOf(document: PDFDocumentProxy, number: number): Promise<PageSize> {
  const page = await document.getPage(number);
  const { width, height } = page.getViewport({ scale: CSS_UNITS });
  return { width, height };
}

async function draw(
  document: PDFDocumentProxy,
  layer: HTMLElement,
  { number, scale, signal }: Drawing,
): Promise<void> {
  const page = await document.getPage(number);
  const viewport = page.getViewport({ scale: scale * CSS_UNITS });
  const canvas = window.document.createElement('canvas');
  const density = densityFor(viewport.width * viewport.height);
  canvas.width = Math.floor(viewport.width * density);
  canvas.height = Math.floor(viewport.height * density);
  const rendering = page.render({ canvas, viewport, transform: [density, 0, 0, density, 0, 0] });
  signal.addEventListener('abort', () => rendering.cancel(), { once: true });
  if (signal.aborted) rendering.cancel();
  await rendering.promise;
  const text = window.document.createElement('div');
  text.className = 'text';
  text.style.setProperty('--total-scale-factor', String(viewport.scale));
  layer.replaceChildren(canvas, text);
  await new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport }).render();
}

/** As sharp as the screen, as far as memory allows. */
function densityFor(pixels: number): number {
  return Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_CANVAS_PIXELS / pixels));
}
