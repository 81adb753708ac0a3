/** Whether this machine draws with a graphics processor of its own, or imitates one. */

/** What imitates one names itself so: in Chromium and Firefox, in Mesa, on Windows. */
const IMITATIONS = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export function hasGraphicsProcessor(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  if (context === null) return false;
  const named = context.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(context.getParameter(named?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !IMITATIONS.test(renderer);
}
