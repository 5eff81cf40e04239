import {
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  LineStyle,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import { plainPrice } from "@/format/numbers";
import { instant } from "@/format/time";
import { useScheme } from "@/theme/scheme";
import type { FanPoint } from "./fan.ts";
import { FanSeries } from "./fan-series.ts";
import classes from "./forecast-chart.module.css";
import { type Palette, readPalette } from "./palette.ts";

export interface Bar {
  readonly at: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

interface Props {
  readonly bars: readonly Bar[];
  readonly points: readonly FanPoint[];
  readonly spot: number;
  readonly label: string;
}

type Parts = ReturnType<typeof make>;

const stamp = (seconds: number) => seconds as UTCTimestamp;

/** Candles up to the forecast, and its fan into the future. The table below the chart says the same in words. */
export function ForecastChart({ bars, points, spot, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts>(null);
  const scheme = useScheme();

  useEffect(() => {
    if (box.current === null) return;
    const made = make(box.current);
    parts.current = made;
    return () => {
      made.chart.remove();
      parts.current = null;
    };
  }, []);

  useEffect(() => {
    if (parts.current !== null) paint(parts.current, readPalette());
  }, [scheme]);

  useEffect(() => {
    if (parts.current === null) return;
    const { chart, candles, fan } = parts.current;
    candles.setData(bars.map(({ at, ...prices }) => ({ time: stamp(at), ...prices })));
    fan.setData(points.map(({ at, median, bands }) => ({ time: stamp(at), median, bands })));
    const line = fan.createPriceLine({
      price: spot,
      color: readPalette().price,
      lineStyle: LineStyle.Dotted,
      lineWidth: 1,
      axisLabelVisible: true,
      title: "",
    });
    chart.timeScale().fitContent();
    return () => {
      // The chart itself may have gone first.
      if (parts.current !== null) fan.removePriceLine(line);
    };
  }, [bars, points, spot, scheme]);

  return <div ref={box} className={classes["chart"]} role="img" aria-label={label} />;
}

function make(element: HTMLElement) {
  const chart = createChart(element, {
    autoSize: true,
    // The logo would bring a <style> element, which the CSP forbids; the footer names the library and its makers.
    layout: { attributionLogo: false, fontFamily: "'Public Sans Variable', system-ui, sans-serif", fontSize: 12 },
    localization: { priceFormatter: plainPrice, timeFormatter: (time: number) => instant(time) },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.06, bottom: 0.06 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, minBarSpacing: 0.5 },
    // The page scrolls under the chart; zooming is by pinching and dragging.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  const fan = chart.addCustomSeries(new FanSeries(), { lastValueVisible: false, priceLineVisible: false });
  const candles = chart.addSeries(CandlestickSeries, { lastValueVisible: false, priceLineVisible: false });
  return { chart, fan, candles };
}

function paint({ chart, fan, candles }: Parts, palette: Palette): void {
  chart.applyOptions({
    layout: { background: { type: ColorType.Solid, color: palette.surface }, textColor: palette.muted },
    grid: { vertLines: { visible: false }, horzLines: { color: palette.line } },
    crosshair: {
      vertLine: { color: palette.muted, labelBackgroundColor: palette.ink },
      horzLine: { color: palette.muted, labelBackgroundColor: palette.ink },
    },
  });
  fan.applyOptions({ bandColors: palette.bands, medianColor: palette.accent });
  // Rising candles are hollow and falling ones full, which needs no colours to be told apart.
  candles.applyOptions({
    upColor: palette.surface,
    downColor: palette.ink,
    borderUpColor: palette.ink,
    borderDownColor: palette.ink,
    wickUpColor: palette.ink,
    wickDownColor: palette.ink,
  });
}
