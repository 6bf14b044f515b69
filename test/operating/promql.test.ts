// What is read of queries, so that the tests of what they name cannot pass by overlooking it.
import { expect, test } from "vitest";
import { namedIn } from "./promql.ts";

const figuresIn = (query: string): readonly string[] => namedIn(query).selectors.map(({ figure }) => figure);

test("figures, wherever they stand", () => {
  expect(figuresIn("up == 0")).toEqual(["up"]);
  expect(figuresIn("a_total / b_total > 0.1 and on (job) c")).toEqual(["a_total", "b_total", "c"]);
  expect(figuresIn("sum by (le) (rate(a_bucket[5m]))")).toEqual(["a_bucket"]);
  expect(figuresIn("sum(rate(a[5m])) by (le)")).toEqual(["a"]);
  expect(figuresIn("max_over_time(rate(a[1m])[10m:1m]) unless b offset 1h")).toEqual(["a", "b"]);
  expect(figuresIn('count({__name__=~"a|b", job="x"})')).toEqual(["a", "b"]);
  expect(figuresIn("histogram_quantile(0.99, a) >= bool 1e3")).toEqual(["a"]);
});

test("matchers and labels that things are put together by", () => {
  expect(namedIn('a{x="1",y=~"b|c"} * on (x, z) group_left (v) b{w!~"}"}')).toEqual({
    selectors: [
      {
        figure: "a",
        matchers: [
          { label: "x", operator: "=", value: "1" },
          { label: "y", operator: "=~", value: "b|c" },
        ],
      },
      { figure: "b", matchers: [{ label: "w", operator: "!~", value: "}" }] },
    ],
    labels: ["x", "z", "v"],
  });
});

test.each(["a{x}", 'a{x="1" y="2"}', "sum by le (a)", "a ? b", 'a{x="1"'])("%s is none", (query) => {
  expect(() => namedIn(query)).toThrow(SyntaxError);
});
