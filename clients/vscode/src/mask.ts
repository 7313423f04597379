// What must not be read in the output channel: with tracing on, the language client writes messages there whole.

const SECRET = /("(?:apiKey|token|masterKey)"\s*:\s*)"(?:[^"\\]|\\.)*"/g;

/** The text with every secret of the protocol masked. */
export function masked(text: string): string {
  return text.replace(SECRET, '$1"****"');
}
