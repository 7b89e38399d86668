// The TypeScript SDK before a gateway: each feature once, told as a line of JSON.
import Anthropic from "@anthropic-ai/sdk";

const GATEWAY = process.env.GATEWAY;
const HEADERS = JSON.parse(process.env.HEADERS);

const client = new Anthropic({ baseURL: GATEWAY, apiKey: "sk-test", defaultHeaders: HEADERS });

const tell = (feature, text, model = "") => console.log(JSON.stringify({ feature, text, model }));
const says = (message) =>
  message.content.filter((block) => block.type === "text").map((block) => block.text).join("");
const asked = (text) => ({
  model: "claude-opus-5-5",
  max_tokens: 900,
  messages: [{ role: "user", content: text }],
});

const { data: answer, response } = await client.messages.create(asked("plain?")).withResponse();
tell("plain", says(answer), response.headers.get("x-suffice-model"));

const stream = client.messages.stream(asked("stream?"));
tell("stream", says(await stream.finalMessage()));

const tools = [
  {
    name: "weather",
    description: "Tell the weather in a city.",
    input_schema: { type: "object", properties: { city: { type: "string" } } },
  },
];
const loop = { ...asked("weather?"), tools };
const called = await client.messages.create(loop);
const results = called.content
  .filter((block) => block.type === "tool_use")
  .map(({ id, input }) => ({
    type: "tool_result",
    tool_use_id: id,
    content: `sunny in ${input.city}`,
  }));
loop.messages.push(
  { role: "assistant", content: called.content },
  { role: "user", content: results },
);
tell("tools", says(await client.messages.create(loop)));

const run = ({ city }) => `sunny in ${city}`;
const runnable = [{ ...tools[0], type: "custom", run, parse: (input) => input }];
const threaded = client.beta.messages.toolRunner({ ...asked("runner?"), tools: runnable });
tell("runner", says(await threaded.runUntilDone()));
const unthreaded = client.beta.messages.toolRunner({
  ...asked("runner?"),
  tools: runnable,
  thread: false,
});
tell("runner without thread", says(await unthreaded.runUntilDone()));

tell("busy", says(await client.messages.create(asked("busy?"))));
try {
  await client.messages.create(asked("refuse?"));
} catch (error) {
  tell("refused", `${error.constructor.name}: ${error.message}`);
}
