// A proxy variable must not take requests for this machine away.

const NAMES = ["127.0.0.1", "localhost", "::1"];

/** Adds the names of this machine to `NO_PROXY`, in both spellings. */
export function keepLoopback(environment: NodeJS.ProcessEnv): void {
  for (const variable of ["NO_PROXY", "no_proxy"]) {
    const given = (environment[variable] ?? environment["NO_PROXY"] ?? "").split(",").map((name) => name.trim());
    const names = given.filter((name) => name !== "");
    environment[variable] = [...names, ...NAMES.filter((name) => !names.includes(name))].join(",");
  }
}
