// What a label may be; the server has the last word.

export function labelProblem(label: string, others: readonly string[]): string | undefined {
  const length = [...label.trim()].length;
  if (length === 0 || length > 64) {
    return "A label has 1 to 64 characters";
  }
  if (/^[0-9]+$/.test(label.trim())) {
    return "Digits alone are an account's number";
  }
  if (/\p{Cc}/u.test(label)) {
    return "A label has no control characters";
  }
  const taken = others.some((other) => other.toLowerCase() === label.trim().toLowerCase());
  return taken ? "There is an account of that label" : undefined;
}
