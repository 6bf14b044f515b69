// The places one can go to in Harbor.
import { Activity, ChartCandlestick, ChartColumn, FlaskConical, type LucideIcon, MessagesSquare } from "lucide-react";

export interface Place {
  readonly name: string;
  readonly path: string;
  readonly icon: LucideIcon;
}

export const places: readonly Place[] = [
  { name: "Chat", path: "/chat", icon: MessagesSquare },
  { name: "Live", path: "/live", icon: Activity },
  { name: "Market", path: "/market", icon: ChartCandlestick },
  { name: "Analytics", path: "/analytics", icon: ChartColumn },
  { name: "Lab", path: "/lab", icon: FlaskConical },
];
