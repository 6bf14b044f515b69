// The rooms and what is unread in each, for the list, the rail and the title.
import { useCall, useChannel } from "@tidewire/react";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "react";
import { activity, listRooms, markRead, type Room, rooms } from "../../../contract/rooms.ts";
import { UnreadProvider } from "../../frame/unread.tsx";
import { type RoomsAction, type RoomsState, roomsReducer, unreadIn } from "./rooms-state.ts";
import { sentenceFor } from "../../theme/words-for-errors.ts";

interface Rooms {
  readonly state: RoomsState;
  readonly loadAgain: () => void;
  readonly add: (room: Room) => void;
  /** Says that everything up to `seq` was read. */
  readonly read: (room: string, seq: number) => void;
}

const RoomsContext = createContext<Rooms | null>(null);
const tellReadAfterMs = 400;

export function RoomsProvider({ children }: { readonly children: ReactNode }) {
  const [state, dispatch] = useReducer(roomsReducer, { kind: "loading" });
  const loadAgain = useRoomsFromServer(dispatch);
  const tellRead = useTellRead();
  const read = useCallback(
    (room: string, seq: number) => {
      dispatch({ type: "read", room, seq });
      tellRead(room, seq);
    },
    [tellRead],
  );
  const value = useMemo<Rooms>(
    () => ({ state, loadAgain, read, add: (room) => dispatch({ type: "created", room }) }),
    [state, loadAgain, read],
  );
  const unread = state.kind === "ready" ? state.rooms.reduce((sum, room) => sum + unreadIn(room), 0) : 0;
  const byPlace = useMemo(() => ({ "/chat": unread }), [unread]);
  return (
    <RoomsContext value={value}>
      <UnreadProvider unread={byPlace}>{children}</UnreadProvider>
    </RoomsContext>
  );
}

export function useRooms(): Rooms {
  const value = useContext(RoomsContext);
  if (value === null) throw new TypeError("useRooms is used below RoomsProvider");
  return value;
}

/** Listens first and asks then, so that nothing falls between the list and its news; and asks again after each gap. */
function useRoomsFromServer(dispatch: (action: RoomsAction) => void): () => void {
  const list = useCall(listRooms);
  const [round, setRound] = useState(0);
  const news = useChannel(rooms, {
    keep: 0,
    onPublication: ({ data }) => dispatch({ type: "created", room: data.room }),
  });
  const moves = useChannel(activity, { keep: 0, onPublication: ({ data }) => dispatch({ type: "moved", ...data }) });
  // `activity` keeps nothing: each time it comes back, something may have been missed.
  const isListening = news.status.kind === "live" && moves.status.kind === "live";
  useEffect(() => {
    if (!isListening) return undefined;
    let isCurrent = true;
    list({}).then(
      (answer) => isCurrent && dispatch({ type: "listed", rooms: answer.rooms }),
      (thrown: unknown) => isCurrent && dispatch({ type: "failed", why: sentenceFor(thrown) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [isListening, round, list, dispatch]);
  return useCallback(() => setRound((before) => before + 1), []);
}

/** Tells the server a moment later, and only the newest: reading along would make a call for each message. */
function useTellRead(): (room: string, seq: number) => void {
  const tell = useCall(markRead);
  const waiting = useRef(new Map<string, number>());
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  return useCallback(
    (room, seq) => {
      waiting.current.set(room, seq);
      timer.current ??= setTimeout(() => {
        timer.current = null;
        for (const [each, upTo] of waiting.current) {
          // Not told: then it is unread again after a reload, and nothing is lost.
          tell({ room: each, seq: upTo }).catch(() => undefined);
        }
        waiting.current.clear();
      }, tellReadAfterMs);
    },
    [tell],
  );
}
