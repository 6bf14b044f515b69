// The places one can go to in Harbor.
import {
  Activity,
  ChartCandlestick,
  ChartColumn,
  FlaskConical,
  Gavel,
  type LucideIcon,
  MessagesSquare,
} from "lucide-react";

export interface Place {
  readonly name: string;
  readonly path: string;
  readonly icon: LucideIcon;
}

export const places: readonly Place[] = [
  { name: "Chat", path: "/chat", icon: MessagesSquare },
  { name: "Live", path: "/live", icon: Activity },
  { name: "Market", path: "/market", icon: ChartCandlestick },
  { name: "Judge", path: "/judge", icon: Gavel },
  { name: "Analytics", path: "/analytics", icon: ChartColumn },
  { name: "Lab", path: "/lab", icon: FlaskConical },
];
