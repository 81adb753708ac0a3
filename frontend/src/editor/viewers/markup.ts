/** HTML that a model holds, made safe to stand in the page.
 *
 * Nothing of it runs, styles the page, looks like a part of it by name, asks for anything from elsewhere or sends anything.
 * What is left is text with its structure, images of the model and links.
 */

import createDOMPurify, { type Config } from 'dompurify';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/viewing.ts';
import { targetOf } from './links.ts';

/** Whose document it is. */
export interface Place {
  readonly session: ModelSession;
  readonly path: string;
}

/** In which a fenced block of code is written. */
export const LANGUAGE_ATTRIBUTE = 'data-language';
/** Links to files of the model. */
export const PATH_ATTRIBUTE = 'data-path';
const ELSEWHERE_ATTRIBUTE = 'data-elsewhere';

const TAGS = (
  'a abbr b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption figure ' +
  'h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary sup ' +
  'table tbody td tfoot th thead time tr tt u ul var wbr'
).split(' ');

const ATTRIBUTES = [
  ...'align alt colspan dir height href lang open reversed rowspan scope span src start title value width'.split(
    ' ',
  ),
  LANGUAGE_ATTRIBUTE,
];

const CONFIG = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // What stands in these is no text of the document.
  FORBID_CONTENTS: [
    'style',
    'script',
    'iframe',
    'object',
    'embed',
    'template',
    'noscript',
    'svg',
    'math',
    'form',
    'select',
    'title',
  ],
  RETURN_DOM_FRAGMENT: true,
} as const satisfies Config;

export function sanitized(html: string, place: Place): DocumentFragment {
  const purify = createDOMPurify(window);
  purify.addHook('uponSanitizeAttribute', (element, attribute) => {
    if (attribute.attrName === 'src') rewriteSource(element, attribute, place);
  });
  const fragment = purify.sanitize(html, {
    ...CONFIG,
    ALLOWED_TAGS: [...TAGS],
    ALLOWED_ATTR: [...ATTRIBUTES],
    FORBID_CONTENTS: [...CONFIG.FORBID_CONTENTS],
  });
  for (const image of fragment.querySelectorAll('img')) placeImage(image);
  for (const link of fragment.querySelectorAll('a')) lead(link, place);
  return fragment;
}

/** Before the image is part of the page, which would fetch it at once. */
function rewriteSource(
  element: Element,
  attribute: { attrValue: string; keepAttr: boolean },
  { session, path }: Place,
): void {
  if (/^data:image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml)[;,]/i.test(attribute.attrValue)) return;
  const target = targetOf(attribute.attrValue, path);
  if (target.kind === 'file') {
    attribute.attrValue = session.api.fileUrl(target.path);
    return;
  }
  attribute.keepAttr = false;
  if (target.kind === 'web') element.setAttribute(ELSEWHERE_ATTRIBUTE, target.url);
}

/** An image from elsewhere would tell its server who reads what: it is a link instead. */
function placeImage(image: HTMLImageElement): void {
  image.loading = 'lazy';
  const url = image.getAttribute(ELSEWHERE_ATTRIBUTE);
  if (url !== null) {
    const link = document.createElement('a');
    link.href = url;
    link.textContent = texts.document.imageElsewhere(image.alt || url);
    image.replaceWith(link);
  } else if (!image.hasAttribute('src')) {
    image.replaceWith(image.alt);
  }
}

function lead(link: HTMLAnchorElement, { session, path }: Place): void {
  const target = targetOf(link.getAttribute('href') ?? '', path);
  switch (target.kind) {
    case 'web':
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      break;
    case 'file':
      link.href = session.api.fileUrl(target.path);
      link.setAttribute(PATH_ATTRIBUTE, target.line ? `${target.path}#L${target.line}` : target.path);
      break;
    case 'heading':
      break;
    case 'nowhere':
      link.removeAttribute('href');
      break;
  }
}
