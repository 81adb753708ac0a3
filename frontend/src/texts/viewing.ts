/** What the viewers of files say; it is fetched with the first of them. */

import { formatBytes, formatCount } from '../base/format.ts';

export const texts = {
  zoom: {
    smaller: 'Smaller',
    larger: 'Larger',
    naturalSize: 'As large as it is',
    whole: 'Whole',
    fit: 'Fit',
  },
  image: {
    cannotBeDrawn: (name: string) => `This browser cannot draw ${name} as an image.`,
    frame: (name: string) => `${name}, scrolls when it is larger than its frame`,
  },
  media: {
    cannotBePlayed: (name: string) => `This browser cannot play ${name}.`,
  },
  bytes: {
    size: (byteSize: number) =>
      `${formatBytes(byteSize)} (${byteSize.toLocaleString('en-US')} bytes) · not shown as text`,
    none: 'It has no bytes.',
    contentOf: (name: string) => `Content of ${name}`,
    cannotBeRead: 'Its bytes could not be read.',
    what: 'Bytes',
  },
  longText: {
    size: (byteSize: number) => `${formatBytes(byteSize)}, too long to be edited`,
    part: (number: number, count: number) =>
      `part ${number.toLocaleString('en-US')} of ${count.toLocaleString('en-US')}`,
    partOf: (name: string, number: number, count: number) => `${name}, part ${number} of ${count}`,
    toBeginning: 'Beginning',
    toEarlier: 'Earlier',
    choosePart: 'Part',
    toLater: 'Later',
    toEnd: 'End',
    cannotBeRead: 'This part could not be read.',
  },
  document: {
    asItReads: (name: string) => `${name}, as it reads`,
    imageElsewhere: (what: string) => `Image: ${what}`,
  },
  notebook: {
    cannotBeShown: (name: string) => `${name} cannot be shown as a notebook.`,
    notJson: (reason: string) => `Expected JSON: ${reason}.`,
    otherFormat: (format: string | undefined) =>
      `Expected a notebook of format 4 with cells, got format ${format ?? 'none'}. Jupyter brings an older one up to date when it opens and saves it.`,
    cellsOf: (name: string) => `Cells of ${name}`,
    toBeRead: (cells: number) => `${formatCount(cells, 'cell')}, as saved; to be read here, not run.`,
    cell: (number: number, kind: string) => `Cell ${number}, ${kind}`,
    cellKinds: { markdown: 'markdown', raw: 'raw', code: 'code' },
    output: (number: number, cell: number) => `Output ${number} of cell ${cell}`,
    outputOf: (cell: number) => `Output of cell ${cell}`,
    outputNotShown: (types: string) => `An output that is not shown here (${types || 'empty'}).`,
    charactersLeftOut: (count: number) => `… ${count} characters are left out here …`,
  },
  pdf: {
    cannotBeShown: (name: string) => `${name} cannot be shown.`,
    opening: (name: string) => `Opening ${name}…`,
    pageCount: (count: number) => formatCount(count, 'page'),
    pagesOf: (name: string) => `Pages of ${name}`,
    page: (number: number, count: number) => `Page ${number} of ${count}`,
    pageCannotBeDrawn: 'This page cannot be drawn.',
  },
  table: {
    facts: ({ rows, columns, size, isWhole }: TableFacts) =>
      `${formatCount(rows, 'row')}${isWhole ? '' : ' so far'} · ${formatCount(columns, 'column')} · ${size}`,
    sizeOfPart: (readBytes: number, byteSize: number) =>
      `${formatBytes(readBytes)} of ${formatBytes(byteSize)}`,
    endsHere: 'The table ends here; open the file as text, or in the terminal, for the rest.',
    cannotBeRead: 'The next rows could not be read.',
    rowsOf: (name: string) => `Rows of ${name}`,
  },
};

interface TableFacts {
  readonly rows: number;
  readonly columns: number;
  readonly size: string;
  /** Whether these are all rows of the file. */
  readonly isWhole: boolean;
}
