// Waits that end.

/**
 * What `call` comes to, or an error after so long, when its signal is aborted too. The signal alone does not hold: in
 * OpenCode's runtime a request went on past the end of an `AbortSignal.timeout`.
 */
export async function limited<T>(milliseconds: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`there was no answer within ${milliseconds} ms`);
      reject(error);
      limit.abort(error);
    }, milliseconds);
  });
  try {
    return await Promise.race([call(limit.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
