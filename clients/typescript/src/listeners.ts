// Calls what the program that uses the client has given.

/** A throw is an uncaught exception of the code that gave `call`: it must not end what goes on here. */
export function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
