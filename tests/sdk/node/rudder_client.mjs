// Sends events from standard input with @rudderstack/rudder-sdk-node (which compresses by default).
// usage: node rudder_client.mjs GATEWAY_URL WRITE_KEY
// Exits 0 only when the library delivered every event.
import Analytics from "@rudderstack/rudder-sdk-node";
import { callParams, readEvents } from "./events.mjs";

const [url, writeKey] = process.argv.slice(2);
const failures = [];
const analytics = new Analytics(writeKey, {
  dataPlaneUrl: url,
  flushAt: 20,
  retryCount: 2,
  errorHandler: (error) => failures.push(String(error)),
});

const sent = readEvents().map(
  (event) =>
    new Promise((resolve) => {
      const params = callParams(event, { timestamp: new Date(event.timestamp) });
      analytics[event.type](params, (error) => {
        if (error) failures.push(String(error));
        resolve();
      });
    }),
);
let waiting = sent.length;
for (const one of sent) one.then(() => (waiting -= 1));
while (waiting > 0) {
  await analytics.flush(); // sends at most flushAt events a call
  await new Promise((resolve) => setImmediate(resolve));
}
for (const failure of failures) console.error(failure);
process.exit(failures.length === 0 ? 0 : 1);
