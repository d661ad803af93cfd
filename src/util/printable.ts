/** C0, DEL and C1. A terminal obeys them: they move the cursor, hide text or make up lines. */
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text of strangers in one line of output, control characters written out: `\u001b`. */
export function printable(text: string): string {
  return text.replace(controlCharacter, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
