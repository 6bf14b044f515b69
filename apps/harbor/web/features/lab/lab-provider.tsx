// Holds the lab's line and its story while the page is open, so that the story outlives a look at another place.
import { type Client, createClient } from "@tidewire/client";
import { createContext, type Dispatch, type ReactNode, useContext, useMemo, useReducer, useState } from "react";
import { linePath } from "../../../contract/lab.ts";
import { forSeat } from "../../session/seat.ts";
import { emptyLab, type LabAction, labReducer, type LabState } from "./lab-state.ts";

export interface Lab {
  /** The client whose connection goes through the fault proxy. Connected while the lab is looked at. */
  readonly line: Client;
  readonly lab: LabState;
  readonly dispatch: Dispatch<LabAction>;
}

const LabContext = createContext<Lab | null>(null);

export function LabProvider({ children }: { readonly children: ReactNode }) {
  const [line] = useState(() => createClient({ url: forSeat(linePath), name: "harbor-lab" }));
  const [lab, dispatch] = useReducer(labReducer, emptyLab);
  const value = useMemo(() => ({ line, lab, dispatch }), [line, lab]);
  return <LabContext value={value}>{children}</LabContext>;
}

export function useLab(): Lab {
  const value = useContext(LabContext);
  if (value === null) throw new TypeError("useLab is used below LabProvider");
  return value;
}
