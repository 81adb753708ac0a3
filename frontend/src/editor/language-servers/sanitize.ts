/** What a server says is written by whoever wrote the code, a package's author too: of its HTML only what formats text stays. */

import createPurifier from 'dompurify';

const ALLOWED = {
  ALLOWED_TAGS: [
    ...[
      'a',
      'b',
      'blockquote',
      'br',
      'code',
      'del',
      'em',
      'h1',
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'hr',
      'i',
      'kbd',
      'li',
    ],
    ...[
      'ol',
      'p',
      'pre',
      's',
      'span',
      'strong',
      'sub',
      'sup',
      'table',
      'tbody',
      'td',
      'th',
      'thead',
      'tr',
      'ul',
    ],
  ],
  ALLOWED_ATTR: ['href', 'class', 'target', 'rel'],
  ALLOWED_URI_REGEXP: /^https?:\/\//i,
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
};

/** What CodeMirror's highlighting names its classes; any other could borrow the looks of a part of the page. */
const HIGHLIGHT_CLASS = /^ͼ\w+$/;

/** One of its own: hooks count for all who share a purifier. */
const purifier = createPurifier(window);

purifier.addHook('afterSanitizeAttributes', (element) => {
  const kept = [...element.classList].filter((name) => HIGHLIGHT_CLASS.test(name)).join(' ');
  if (kept === '') element.removeAttribute('class');
  else element.setAttribute('class', kept);
  element.removeAttribute('target');
  element.removeAttribute('rel');
  if (!element.hasAttribute('href')) return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer');
});

export function sanitize(html: string): string {
  return purifier.sanitize(html, ALLOWED);
}
