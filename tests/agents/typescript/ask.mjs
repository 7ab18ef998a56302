// Speaks to the tools as agents in TypeScript do, and prints what it was told as JSON.
// node ask.mjs ERA TRANSPORT, where ERA is "2026-07-28", "legacy" (the same client by a handshake) or
// "first" (the SDK's first major version); TRANSPORT is "http" or "stdio".
const [era, transport] = process.argv.slice(2);
const { ADDRESS, API_KEY, PYTHON, SERVICE } = process.env;

const kits = {
  first: async () => ({
    ...(await import("@modelcontextprotocol/sdk/client/index.js")),
    ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
    ...(await import("@modelcontextprotocol/sdk/client/stdio.js")),
  }),
  second: async () => ({
    ...(await import("@modelcontextprotocol/client")),
    ...(await import("@modelcontextprotocol/client/stdio")),
  }),
};
const kit = await kits[era === "first" ? "first" : "second"]();
const negotiated = era === "2026-07-28" ? { versionNegotiation: { mode: { pin: era } } } : {};

const ways = {
  http: () =>
    new kit.StreamableHTTPClientTransport(new URL(ADDRESS), {
      requestInit: { headers: { "X-API-Key": API_KEY } },
    }),
  stdio: () =>
    new kit.StdioClientTransport({
      command: PYTHON,
      args: ["-m", "backend", "mcp"],
      env: JSON.parse(SERVICE),
    }),
};
const agent = new kit.Client({ name: "tests", version: "1.0.0" }, negotiated);
await agent.connect(ways[transport]());
const { tools } = await agent.listTools();
const list = await agent.callTool({ name: "list_customers", arguments: { min_churn_risk: 0.3, limit: 2 } });
const refused = await agent.callTool({ name: "get_customer", arguments: { customer_id: "nobody" } });
const read = await agent.readResource({ uri: "intelligence://glossary" });
const asking = await agent.getPrompt({ name: "explain_segment", arguments: { segment_id: "vip" } });
await agent.close();
console.log(
  JSON.stringify({
    tools: tools.map((tool) => tool.name),
    list: list.structuredContent,
    refused: [refused.isError, refused.content[0].text],
    glossary: JSON.parse(read.contents[0].text),
    asking: asking.messages[0].content.text,
  }),
);
