/** Files as language servers name them. The filesystem stands at /model in their sandbox. */

const ROOT = '/model/';
export const ROOT_URI = 'file:///model';

/** path: as in Entry.path; or, of what surrounds the model, from the sandbox's root: '/opt/environment/...'. */
export function uriOf(path: string): string {
  const whole = path.startsWith('/') ? path : ROOT + path;
  return `file://${whole.split('/').map(encodeURIComponent).join('/')}`;
}

/** Null where it names no file. */
export function pathOf(uri: string): string | null {
  if (!uri.startsWith('file:///')) return null;
  try {
    const whole = decodeURIComponent(uri.slice('file://'.length));
    return whole.startsWith(ROOT) ? whole.slice(ROOT.length) : whole;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** Whether it is a file of the model, which can be changed, rather than of its environment. */
export function isOfModel(path: string): boolean {
  return !path.startsWith('/');
}
