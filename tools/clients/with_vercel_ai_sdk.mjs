// The Vercel AI SDK before a gateway: each feature once, told as a line of JSON.
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText, isStepCount, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const GATEWAY = process.env.GATEWAY;
const HEADERS = JSON.parse(process.env.HEADERS);

const anthropic = createAnthropic({ baseURL: `${GATEWAY}/v1`, apiKey: "sk-test", headers: HEADERS });
const model = anthropic("claude-opus-5-5");

const tell = (feature, text, model = "") => console.log(JSON.stringify({ feature, text, model }));

const answer = await generateText({ model, prompt: "plain?" });
tell("plain", answer.text, answer.response.headers["x-suffice-model"]);

let streamed = "";
for await (const piece of streamText({ model, prompt: "stream?" }).textStream) streamed += piece;
tell("stream", streamed);

const weather = tool({
  description: "Tell the weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const stopWhen = (isStepCount ?? stepCountIs)(3);
tell("tools", (await generateText({ model, prompt: "weather?", tools: { weather }, stopWhen })).text);

tell("busy", (await generateText({ model, prompt: "busy?" })).text);
try {
  await generateText({ model, prompt: "refuse?" });
} catch (error) {
  tell("refused", `${error.constructor.name}: ${error.message}`);
}
