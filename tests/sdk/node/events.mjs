// What both Node clients share: reading events from standard input, one JSON object a line.
import { readFileSync } from "node:fs";

const FIELDS = [
  "userId", "anonymousId", "event", "properties", "traits", "groupId", "previousId",
  "name", "category", "context", "integrations", "messageId",
];

export function readEvents() {
  return readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

// The argument of the library's call for this event: what a caller may set, and nothing else.
export function callParams(event, { timestamp }) {
  const params = { timestamp };
  for (const field of FIELDS) {
    if (event[field] !== undefined) params[field] = event[field];
  }
  return params;
}
