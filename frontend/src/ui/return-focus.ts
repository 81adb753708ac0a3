/** Gives the focus back when what lay over the page is gone. A browser does that for a dialog that is closed, but not for one
 * that is taken out of the page. */

/** Called as something opens; call what it returns once that is out of the page. Who took the focus meanwhile keeps it. */
export function focusReturner(): () => void {
  const before = document.activeElement;
  return () => {
    if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
  };
}
