// Sends events from standard input with @segment/analytics-node.
// usage: node segment_client.mjs GATEWAY_URL WRITE_KEY
// Exits 0 only when the library delivered every event.
import { Analytics } from "@segment/analytics-node";
import { callParams, readEvents } from "./events.mjs";

const [url, writeKey] = process.argv.slice(2);
const failures = [];
const analytics = new Analytics({ writeKey, host: url, flushAt: 20, maxRetries: 2 });
analytics.on("error", (error) => failures.push(String(error.reason ?? error.code)));

for (const event of readEvents()) {
  analytics[event.type](callParams(event, { timestamp: event.timestamp }));
}
await analytics.closeAndFlush({ timeout: 20_000 });
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
