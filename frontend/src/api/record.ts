import type { Schemas } from "./client.ts";

export type Figures = Schemas["Figures"];
export type SkillFigure = Schemas["SkillFigure"];
export type CoverageFigure = Schemas["CoverageFigure"];
export type WeekOfCoverage = Schemas["WeekOfCoverage"];
export type TrackRecord = Schemas["TrackRecord"];
export type Calibration = Schemas["Calibration"];
