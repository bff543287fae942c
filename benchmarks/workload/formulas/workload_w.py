"""Workload W: the 18 outputs, in Mt-CO2 a year. Plain functions: the opponents call them with arrays."""

from typing import Annotated

Number = Annotated[float, "1"]


def solar30(so_vol30: Number, so_tan30: Number, so_share: Number, so_cf: Number, ef_world: Number) -> Number:
    return (so_vol30 * so_share + so_tan30) * so_cf * ef_world * 8.76


def solar50(so_cf: Number, ef_world: Number, so_vol50: Number) -> Number:
    return so_vol50 * so_cf * ef_world * 8760.0


def wind30(wi_cap30: Number, ef_fossil: Number, wi_cf: Number) -> Number:
    return wi_cap30 * 8.76 * wi_cf * ef_fossil


def wind50(wi_cap50: Number, ef_fossil: Number, wi_cf: Number) -> Number:
    return wi_cap50 * 8.76 * wi_cf * ef_fossil


def hyd30(h2_sup30: Number, h2_hhv: Number, gas_c: Number) -> Number:
    return h2_sup30 * h2_hhv * gas_c * (44.0 / 12.0) * 0.001


def hyd50(h2_sup50: Number, h2_hhv: Number, gas_c: Number) -> Number:
    return h2_sup50 * h2_hhv * gas_c * (44.0 / 12.0) * 0.001


def air50(
    ac_fe_h2: Number, ac_em50: Number, ac_burn: Number, ac_fc: Number, ac_light: Number, ac_elec: Number
) -> Number:
    return (
        ac_fe_h2 * ac_em50 * ac_burn
        + ac_fe_h2 * ac_em50 * ac_fc
        + ac_em50 * (1.0 - ac_burn - ac_fc) * ac_light
        + ac_em50 * (1.0 - ac_burn - ac_fc) * ac_elec
    )


def steel30(st_crude: Number, st_int: Number, st_red: Number) -> Number:
    return st_crude * st_int * st_red * 1.0


def steel50(st_world: Number, st_red50: Number) -> Number:
    return st_world * st_red50


def furn40(fu_em: Number, fu_red: Number, fu_n32: Number) -> Number:
    return fu_em * fu_red * fu_n32 * 9.0


def furn50(other_furn40: Number, fu_em: Number, fu_n41: Number) -> Number:
    return other_furn40 + fu_em * 1.0 * fu_n41 * 10.0


def elec30(h2_hhv: Number, gas_c: Number, el_cap30: Number, el_util: Number, el_kwh: Number) -> Number:
    return el_cap30 * 8760.0 * el_util / el_kwh * h2_hhv * gas_c * (44.0 / 12.0) * 0.000001


def elec50(h2_hhv: Number, gas_c: Number, el_cap50: Number, el_util: Number, el_kwh: Number) -> Number:
    return el_cap50 * 8760.0 * el_util / el_kwh * h2_hhv * gas_c * (44.0 / 12.0) * 0.000001


def plas30(
    pl_30: Number,
    pl_efp: Number,
    pl_efr: Number,
    pl_efcb: Number,
    pl_eff: Number,
    pl_efh: Number,
    pl_efm: Number,
    pl_she: Number,
    pl_shc: Number,
) -> Number:
    return (
        pl_30
        * (
            (5.0 * pl_efp + 10.2 * pl_efr + 10.3 * pl_eff + 0.416 * pl_efh + 30.0 * pl_efm) / pl_she
            + 0.5 * pl_efcb / pl_shc
        )
        * 0.01
    )


def plas50(
    pl_50: Number,
    pl_efp: Number,
    pl_efr: Number,
    pl_efcb: Number,
    pl_eff: Number,
    pl_efh: Number,
    pl_efm: Number,
    pl_efn: Number,
    pl_she: Number,
    pl_shc: Number,
) -> Number:
    return (
        pl_50
        * (
            (200.0 * pl_efp + 100.0 * pl_efr + 100.0 * pl_eff + 150.0 * pl_efh + 320.0 * pl_efm + 680.0 * pl_efn)
            / pl_she
            + 30.0 * pl_efcb / pl_shc
        )
        * 0.01
    )


def semi(
    se_chips: Number,
    se_perev: Number,
    se_km: Number,
    se_kmkwh: Number,
    se_loss: Number,
    se_sic: Number,
    se_si: Number,
    ef_grid: Number,
) -> Number:
    return (
        1008000.0 * se_chips / se_perev * (se_km / se_kmkwh * se_loss * se_sic * ef_grid)
        + 1680000.0 * se_chips / se_perev * (se_km / se_kmkwh * se_loss * ef_grid * se_si)
    ) * 0.000000001


def cev(ce_g: Number, ce_ev: Number, ce_ph: Number) -> Number:
    return (
        (ce_g / (124885175.0 * 0.3682) - ce_ev / (124885175.0 * 0.0022)) * 90346.0
        + (ce_g / (124885175.0 * 0.3682) - ce_ph / (124885175.0 * 0.002)) * 50725.0
    ) * 0.000001


def truck(ef_grid: Number, co_kei: Number, co_small: Number, co_ord: Number, co_evk: Number, co_evt: Number) -> Number:
    return (
        (2.32 / co_kei - ef_grid / co_evk) * 7571.0 * 1645.0
        + (2.58 / co_small - ef_grid / co_evt) * 10832.0 * 635.0
        + (2.58 / co_ord - ef_grid / co_evt) * 25826.0 * 988.0
        + (2.32 / 10.5 - ef_grid / 5.88) * 14412.0 * 430.0
    ) * 0.000000001
