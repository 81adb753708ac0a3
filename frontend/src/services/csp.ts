/** The nonce that lets a library's own <style> elements pass the page's Content-Security-Policy. */

export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
}
