// Calls Iterable's own client: one JSON line [method, params] in, one call each, to the URL that is the first argument.
import { createInterface } from "node:readline";
import { IterableClient } from "@iterable/api";

const [, , url, apiKey] = process.argv;
const client = new IterableClient({ apiKey, baseUrl: url });
for await (const line of createInterface({ input: process.stdin })) {
  const [method, params] = JSON.parse(line);
  try {
    await client[method](params);
  } catch (error) {
    // The fake vendor answers every call alike, and the client looks for the fields of each.
    if (error.name !== "IterableResponseValidationError") throw error;
  }
}
client.destroy();
