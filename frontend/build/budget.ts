/** How much JavaScript the IDE loads before its first paint, from Vite's manifest. */

export interface ManifestChunk {
  file: string;
  imports?: string[];
}

export type Manifest = Record<string, ManifestChunk>;

export const BUDGET_BYTES = 450_000;
/** With the page, its styles and what it asks the server, 25 requests in all. */
export const BUDGET_FILES = 8;

/** What the page asks for before the IDE stands: the entry, the IDE, and the panels it opens at once. */
export const FIRST_PAINT = [
  'index.html',
  'src/workbench/IdePage.svelte',
  'src/editor/codemirror-editor.ts',
  'src/terminal/TerminalPanel.svelte',
  'src/run/RunPanel.svelte',
];

/** The files of these chunks and of all they import statically. Chunks bundled into another have no key and are skipped. */
export function firstPaintFiles(manifest: Manifest, roots: readonly string[] = FIRST_PAINT): string[] {
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (chunk === undefined || seen.has(key)) return;
    seen.add(key);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  for (const root of roots) visit(root);
  const files = [...seen].map((key) => manifest[key]?.file).filter((file) => file?.endsWith('.js'));
  return [...new Set(files)].filter((file) => file !== undefined).sort();
}
