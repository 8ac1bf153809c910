// Sends the events of /events.json with @segment/analytics-next, then posts to /done what went wrong.
const problems = [];
document.addEventListener("securitypolicyviolation", (violation) => {
  problems.push(`blocked by the page's policy: ${violation.violatedDirective} ${violation.blockedURI}`);
});
window.addEventListener("error", (event) => problems.push(String(event.message)));
window.addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));

// The calls of the library, as a web page would write them.
const CALLS = {
  track: (analytics, event, options) => analytics.track(event.event, event.properties ?? {}, options),
  identify: (analytics, event, options) => analytics.identify(event.userId, event.traits, options),
  group: (analytics, event, options) => analytics.group(event.groupId, event.traits, options),
  page: (analytics, event, options) => analytics.page(event.category, event.name, event.properties, options),
  screen: (analytics, event, options) => analytics.screen(event.category, event.name, event.properties, options),
  alias: (analytics, event, options) => analytics.alias(event.userId, event.previousId, options),
};

async function send(analytics, event) {
  await analytics.reset(); // one visitor an event, so that no trait of the one before is merged in
  if (event.anonymousId) analytics.setAnonymousId(event.anonymousId);
  if (event.userId && event.type !== "alias") analytics.user().id(event.userId);
  const { context, integrations, messageId, timestamp } = event;
  const sent = await CALLS[event.type](analytics, event, { context, integrations, messageId, timestamp });
  const failure = sent.failedDelivery?.();
  if (failure) problems.push(`${messageId}: ${failure.reason}`);
}

async function main() {
  const { gateway, writeKey } = await (await fetch("/config.json")).json();
  // All that a site owner sets; where events go, the library reads from the gateway's settings.
  const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL: gateway });
  for (const event of await (await fetch("/events.json")).json()) await send(analytics, event);
}

main()
  .catch((error) => problems.push(String(error)))
  .finally(() => fetch("/done", { method: "POST", body: JSON.stringify(problems) }));
