/** Makes places such as `main.py:12` in a terminal's output links that open the file. */

import type { IBuffer, IBufferCellPosition, ILink, ILinkProvider, Terminal } from '@xterm/xterm';
import { type SourceLink, sourceLinks } from '../base/source-links.ts';

/** Of one line, over all rows it is wrapped to; longer ones are output no person reads. */
const MOST_ROWS = 32;

export type OpenPlace = (link: SourceLink) => void;

export class FileLinkProvider implements ILinkProvider {
  constructor(
    private readonly terminal: Terminal,
    private readonly folder: () => string | null,
    private readonly open: OpenPlace,
  ) {}

  /** `row` counts from 1, as xterm counts rows and columns of links. */
  provideLinks(row: number, give: (links: ILink[] | undefined) => void): void {
    const line = wrappedLine(this.terminal.buffer.active, row - 1);
    const links = sourceLinks(line.text, this.folder()).flatMap((link) => this.linkOf(line, link));
    give(links.length === 0 ? undefined : links);
  }

  private linkOf(line: WrappedLine, link: SourceLink): ILink[] {
    const start = line.cells[link.start];
    const end = line.cells[link.end - 1];
    if (start === undefined || end === undefined) return [];
    const text = line.text.slice(link.start, link.end);
    return [{ range: { start, end }, text, activate: () => this.open(link) }];
  }
}

interface WrappedLine {
  readonly text: string;
  /** Of each character of the text, the cell it stands in. */
  readonly cells: readonly IBufferCellPosition[];
}

function wrappedLine(buffer: IBuffer, row: number): WrappedLine {
  let first = row;
  while (row - first < MOST_ROWS && first > 0 && buffer.getLine(first)?.isWrapped) first -= 1;
  let text = '';
  const cells: IBufferCellPosition[] = [];
  for (let y = first; y - first < MOST_ROWS && (y === first || buffer.getLine(y)?.isWrapped); y += 1) {
    const line = buffer.getLine(y);
    for (let x = 0; line !== undefined && x < line.length; x += 1) {
      const cell = line.getCell(x);
      // The right half of a wide character has no text of its own.
      if (cell === undefined || cell.getWidth() === 0) continue;
      const characters = cell.getChars() || ' ';
      text += characters;
      for (let index = 0; index < characters.length; index += 1) cells.push({ x: x + 1, y: y + 1 });
    }
  }
  return { text, cells };
}
