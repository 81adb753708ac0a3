/** Tells from what a screen shows whether a shell waits for a command. */

/** The line of the cursor ends where the cursor stands, as `~ $ ` does. Other prompts pass for a program: then we ask. */
export function isPrompt(line: string, cursor: number): boolean {
  return /[$#]\s*$/.test(line.slice(0, cursor)) && line.slice(cursor).trim() === '';
}
