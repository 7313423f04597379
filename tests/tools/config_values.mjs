// Which of the configurations on stdin, a JSON array, the schema of the first argument takes: a JSON array of booleans.

import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const takes = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(process.argv[2], "utf8")));
const configurations = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(configurations.map((configuration) => takes(configuration))));
