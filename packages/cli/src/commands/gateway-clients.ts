import { gatewayClient, type GatewayClient } from "@outweigh/schema";
import { z } from "zod";
import { command, type Call } from "../command.ts";
import type { ExitCode } from "../error.ts";
import { gatewayData, gatewayOptions, openDesk } from "../gateway-desk.ts";
import { countText } from "../text/amounts.ts";
import { visible } from "../text/visible.ts";

const options = gatewayOptions;

export const gatewayClients = command({
  summary: "Lists who asks the gateway: volume, novelty, progress, linked accounts",
  usage: "",
  positionals: [0, 0],
  options,
  about: [
    "Novelty and learning are readings over the alarm level: 1 alarms. While a model is calibrating there is no level, and they are left out.",
    "What keeps detectors from paging anybody, as a calibration that has drifted or an encoder that cannot be loaded, is said first.",
    "Progress is the least agreement with the model that a clone trained on this client's answers would reach. Bits are an upper bound of what answers told beyond their text.",
  ],
  examples: [
    { line: "outweigh gateway clients", about: "A line for each, the busiest first" },
    { line: "outweigh gateway clients --json", about: "The same for a program" },
  ],
  run,
});

const answer = z.object({ clients: z.array(gatewayClient) });
const standing = z.object({ blind: z.boolean(), problems: z.array(z.string()) });

async function run({ values, json, terminal }: Call<typeof options>): Promise<ExitCode> {
  const desk = openDesk(gatewayData(values));
  const { clients } = answer.parse(await desk.call("GET", "/clients"));
  const { blind, problems } = standing.parse(await desk.call("GET", "/status"));
  if (blind) terminal.say("The detectors do not see everything at this moment: readings stand still.");
  for (const it of problems) terminal.say(visible(it));
  if (json) terminal.printJson({ clients, blind, problems });
  else if (clients.length === 0)
    terminal.print("Nobody asked anything yet: npx outweigh gateway key create NAME makes a client's key.");
  else for (const it of clients) terminal.print(visible(lineOf(it)));
  return 0;
}

function lineOf({ principal, requests, denied, informationBits, reading, group, orders }: GatewayClient): string {
  const parts = [
    `${countText(requests)} requests`,
    ...(denied > 0 ? [`${countText(denied)} refused`] : []),
    ...(informationBits > 0 ? [`<= ${countText(informationBits)} bits`] : []),
    ...(reading?.state === "calibrating" ? ["calibrating"] : []),
    ...(reading?.novelty === undefined ? [] : [`novelty ${reading.novelty.toFixed(2)}`]),
    ...(reading?.learning === undefined ? [] : [`learning ${reading.learning.toFixed(2)}`]),
    ...(reading?.progress === undefined ? [] : [`progress >= ${reading.progress.toFixed(2)}`]),
    ...(group.length > 0
      ? [`linked with ${group.slice(0, 3).join(", ")}${group.length > 3 ? ` and ${group.length - 3} more` : ""}`]
      : []),
    ...(orders.length > 0 ? [`under ${orders.join(", ")}`] : []),
  ];
  return `${principal}  ${parts.join(" · ")}`;
}
