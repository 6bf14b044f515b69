// nft for the torture, which cuts networks with it.
import { debianServer } from "./debian-server.mjs";

export const nft = debianServer({
  name: "nft",
  variable: "TIDEWIRE_NFT",
  program: "nft",
  debian: "nftables",
  folder: "usr/sbin",
});
