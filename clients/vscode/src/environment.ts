// What a terminal needs so that the programs in it use this window's proxy.

import type { ProxyInfo } from "../../typescript/src/protocol.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables to set in every new terminal. */
export function terminalEnvironment(proxy: ProxyInfo, current: Environment): Map<string, string> {
  const variables = new Map([["OPENAI_BASE_URL", proxy.baseUrl]]);
  if (proxy.apiKey !== undefined) {
    variables.set("OPENAI_API_KEY", proxy.apiKey);
  }
  // Behind a company's proxy, programs would send it what is meant for this machine.
  for (const name of ["NO_PROXY", "no_proxy"]) {
    variables.set(name, withLoopback(current[name] ?? current.NO_PROXY ?? ""));
  }
  return variables;
}

function withLoopback(given: string): string {
  const names = given.split(",").map((name) => name.trim());
  return [...new Set([...names.filter((name) => name !== ""), ...LOOPBACK])].join(",");
}
