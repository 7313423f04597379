// Which models OpenCode is given, of pools of every kind.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const outdir = mkdtempSync(join(tmpdir(), "cam-"));
const sources = ["listing", "served", "pricing"].map((name) => fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)));
await build({ entryPoints: sources, outdir, bundle: true, format: "esm", outExtension: { ".js": ".mjs" } });
const module = (name) => import(pathToFileURL(join(outdir, `${name}.mjs`)).href);
const { listing } = await module("listing");
const { preferred, served } = await module("served");
const { priced } = await module("pricing");

const LOGIN = { id: "l", kind: "chatgpt", enabled: true, state: "ready", models: [] };
const KEY = { id: "k", kind: "apiKey", enabled: true, state: "ready", models: [] };

/** A model of OpenCode's catalogue. */
function known(id, { options = {}, limit = { context: 1_050_000, input: 922_000, output: 128_000 } } = {}) {
  const cost = { input: 7, output: 9, cache: { read: 1, write: 2 } };
  return { id, api: { id: id.replace(/-(fast|pro)$/, "") }, options, limit, cost, variants: { none: {}, low: {} } };
}

const CATALOGUE = Object.fromEntries(
  [
    known("gpt-4.1", { limit: { context: 1_047_576, output: 32_768 } }),
    known("gpt-6-sol"),
    known("gpt-6-sol-fast", { options: { serviceTier: "priority" } }),
    known("gpt-6-sol-pro", { options: { reasoningMode: "pro" } }),
  ].map((model) => [model.id, model]),
);

function described(slug, more = {}) {
  const levels = ["low", "max", "ultra"].map((effort) => ({ effort }));
  return { slug, priority: 1, context_window: 272_000, supported_reasoning_levels: levels, service_tiers: [], ...more };
}

function pool(accounts, names, models = []) {
  return served({ data: names.map((id) => ({ id })), models }, accounts);
}

const list = (of, { isWhole = true, first } = {}) => listing({ known: CATALOGUE, isWhole }, of, first);

test("keys list what they serve, at its price and with every way to use it", () => {
  const listed = list(pool([KEY], ["gpt-6-sol", "whisper-1", "gpt-7"]));
  assert.deepEqual(Object.keys(listed), ["gpt-6-sol", "gpt-6-sol-fast", "gpt-6-sol-pro"]);
  const { cost, limit, variants } = listed["gpt-6-sol"];
  assert.deepEqual(limit, CATALOGUE["gpt-6-sol"].limit);
  assert.deepEqual(Object.keys(variants), ["none", "low"]);
  const long = { input: 4, output: 15, cache: { read: 0.4, write: 5 }, tier: { type: "context", size: 272_000 } };
  assert.deepEqual(cost, { input: 2, output: 10, cache: { read: 0.2, write: 2.5 }, tiers: [long] });
  assert.equal(listed["gpt-6-sol-fast"].cost.output, 20);
});

test("logins cost nothing, have the backend's windows and efforts, and models that OpenCode does not know", () => {
  const fast = described("gpt-6-sol", { service_tiers: [{ id: "priority" }] });
  const strange = described("gpt-9-sol", { display_name: "GPT-9 Sol", context_window: 500_000, input_modalities: ["text", "image"] });
  const listed = list(pool([LOGIN], ["gpt-6-sol", "gpt-9-sol"], [fast, strange]));
  assert.deepEqual(Object.keys(listed), ["gpt-6-sol", "gpt-6-sol-fast", "gpt-9-sol"]);
  for (const { cost } of Object.values(listed)) assert.deepEqual([cost.input, cost.output], [0, 0]);
  assert.deepEqual(listed["gpt-6-sol"].limit, { context: 400_000, input: 272_000, output: 128_000 });
  assert.deepEqual(Object.keys(listed["gpt-6-sol"].variants), ["low", "max"], "`ultra` is Codex's own");
  const { name, limit, family, capabilities } = listed["gpt-9-sol"];
  assert.deepEqual([name, family, limit.input, capabilities.input.image], ["GPT-9 Sol", "gpt-sol", 500_000, true]);
  const withoutTier = list(pool([LOGIN], ["gpt-6-sol"], [described("gpt-6-sol")]));
  assert.deepEqual(Object.keys(withoutTier), ["gpt-6-sol"]);
  const undescribed = list(pool([LOGIN], ["gpt-6-sol"]));
  assert.equal(undescribed["gpt-6-sol"].limit.input, 272_000);
});

test("of a model that both serve the key's price and the smaller window count", () => {
  const both = pool([LOGIN, KEY], ["gpt-6-sol", "gpt-4.1"], [described("gpt-6-sol")]);
  const listed = list(both);
  assert.deepEqual(Object.keys(listed), ["gpt-4.1", "gpt-6-sol"]);
  assert.deepEqual([listed["gpt-6-sol"].cost.input, listed["gpt-6-sol"].limit.input], [2, 272_000]);
  assert.deepEqual([listed["gpt-4.1"].cost.input, listed["gpt-4.1"].limit.context], [2, 1_047_576]);
  for (const [key, expected] of [
    [{ ...KEY, models: ["gpt-4*"] }, 0],
    [{ ...KEY, models: ["gpt-6-*"] }, 2],
    [{ ...KEY, enabled: false }, 0],
    [{ ...KEY, state: "needsLogin" }, 0],
    [{ ...KEY, state: "rateLimited" }, 2],
  ]) {
    const listed = list(pool([LOGIN, key], ["gpt-6-sol"], [described("gpt-6-sol")]));
    assert.equal(listed["gpt-6-sol"].cost.input, expected, JSON.stringify(key));
  }
});

test("names that OpenCode does not know are listed where nothing else can be right", () => {
  const names = ["gpt-6-sol", "gpt-7-mini", "gpt-7", "o9", "gpt-4o-audio-preview", "text-embedding-3-small"];
  const hidden = list(pool([KEY], names), { isWhole: false });
  assert.deepEqual(Object.keys(hidden).slice(-3), ["gpt-7-mini", "gpt-7", "o9"]);
  const { capabilities, limit } = hidden["gpt-7-mini"];
  assert.deepEqual([capabilities.input.image, limit.input, hidden["o9"].limit.context], [true, 272_000, 128_000]);
  assert.deepEqual(Object.keys(list(pool([KEY], names), { first: "gpt-7" })).slice(-1), ["gpt-7"]);
  const strange = list(pool([{ ...KEY, baseUrl: "http://127.0.0.1:1" }], ["llama"]));
  assert.deepEqual(Object.keys(strange), ["llama"]);
  assert.deepEqual([strange["llama"].limit.context, strange["llama"].capabilities.reasoning], [128_000, false]);
  const twoServers = list(pool([KEY, { ...KEY, id: "2", baseUrl: "http://127.0.0.1:1" }], ["llama"]));
  assert.deepEqual(Object.keys(twoServers), Object.keys(CATALOGUE), "one server says nothing of the other");
});

test("a fresh OpenCode begins with what the backend puts first, else with the newest large model", () => {
  const any = () => true;
  const backend = [described("gpt-5.5", { priority: 9 }), described("gpt-6-sol", { priority: 0 }), described("x")];
  assert.equal(preferred(pool([LOGIN], ["gpt-5.5", "gpt-6-sol", "x"], backend), any), "gpt-6-sol");
  assert.equal(preferred(pool([LOGIN], ["gpt-5.5", "x"], backend), (name) => name !== "x"), "gpt-5.5");
  for (const [names, expected] of [
    [["gpt-4.1", "gpt-5.4", "gpt-5.4-pro", "gpt-5.4-mini", "gpt-image-2"], "gpt-5.4"],
    [["gpt-5.6-terra", "gpt-5.6-sol", "gpt-5.6-luna"], "gpt-5.6-terra"],
    [["gpt-6-sol", "gpt-5.6-terra", "gpt-6-sol-2026-09-22"], "gpt-6-sol"],
    [["o3", "llama"], undefined],
  ]) {
    assert.equal(preferred(pool([KEY], names), any), expected, names.join());
  }
});

test("a price of the owner's own comes first, and what nobody prices stays as OpenCode has it", () => {
  const cost = (id, overrides) => priced(known(id), overrides);
  assert.equal(cost("gpt-9", []).input, 7);
  assert.equal(cost("gpt-5-2025-08-07", []).input, 1.25);
  const own = [{ model: "gpt-6*", input: 1 }, { model: "gpt-9", input: 3, cached_input: 1, output: 4, long_context_above: 5 }];
  const [tier] = cost("gpt-6-sol", own).tiers;
  assert.deepEqual([cost("gpt-6-sol", own).cache, tier.input, tier.tier.size], [{ read: 1, write: 1.25 }, 2, 272_000]);
  const { input, output, cache, tiers } = cost("gpt-9", own);
  assert.deepEqual([input, output, cache, tiers[0].output, tiers[0].tier.size], [3, 4, { read: 1, write: 3 }, 6, 5]);
});

test("a list that is none, or empty, is a reason and no list", () => {
  for (const body of [null, {}, [], { data: "x" }, { data: [{}] }, { data: [null], models: [null] }]) {
    assert.throws(() => served(body, [KEY]), { message: "the list of models is empty" }, JSON.stringify(body));
  }
});
