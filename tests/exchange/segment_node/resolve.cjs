// Resolves one mapping a line: {"mapping", "event"} in, {"resolved"} or {"error"} out.
const { createInterface } = require("node:readline");
const { transform } = require("@segment/actions-core");

createInterface({ input: process.stdin }).on("line", (line) => {
  const { mapping, event } = JSON.parse(line);
  let answer;
  try {
    answer = { resolved: transform(mapping, event) };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  console.log(JSON.stringify(answer));
});
