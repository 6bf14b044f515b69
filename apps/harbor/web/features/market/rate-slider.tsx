// How often one wants to see new quotes: from once in ten seconds to as often as a screen is drawn.
import { useId } from "react";
import { rates } from "../../../contract/market.ts";
import { timesOf } from "./words-for-quotes.ts";

export type Rate = (typeof rates)[number];

interface RateSliderProps {
  readonly rate: Rate;
  readonly onChoose: (rate: Rate) => void;
}

export function RateSlider({ rate, onChoose }: RateSliderProps) {
  const id = useId();
  return (
    <div className="min-w-0 flex-1 @lg:w-56 @lg:flex-none">
      <div className="flex items-baseline justify-between gap-2 text-xs text-soft">
        <label htmlFor={id}>New quotes</label>
        <output htmlFor={id} className="figures whitespace-nowrap text-text">
          {timesOf(rate)}
        </output>
      </div>
      <input
        id={id}
        type="range"
        min={0}
        max={rates.length - 1}
        step={1}
        value={rates.indexOf(rate)}
        aria-valuetext={timesOf(rate)}
        onChange={(event) => onChoose(rates[event.target.valueAsNumber] ?? rate)}
        className="mt-1 block h-6 w-full cursor-pointer accent-accent"
      />
    </div>
  );
}
