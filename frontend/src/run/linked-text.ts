/** A line of output cut into plain text and links to places in files. */

import { type SourceLink, sourceLinks } from '../base/source-links.ts';

export interface Segment {
  readonly text: string;
  readonly link: SourceLink | null;
}

export function segmentsOf(line: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const link of sourceLinks(line)) {
    if (link.start < at) continue;
    if (link.start > at) segments.push({ text: line.slice(at, link.start), link: null });
    segments.push({ text: line.slice(link.start, link.end), link });
    at = link.end;
  }
  if (at < line.length) segments.push({ text: line.slice(at), link: null });
  return segments;
}
