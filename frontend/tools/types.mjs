// Writes the types of the API from its OpenAPI document; leaves the file alone when nothing changed, so that nothing rebuilds.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../openapi.json", import.meta.url);
const target = new URL("../.generated/schema.ts", import.meta.url);

const types = astToString(await openapiTS(source));
if (!existsSync(target) || readFileSync(target, "utf8") !== types) {
  mkdirSync(new URL(".", target), { recursive: true });
  writeFileSync(target, types);
}
