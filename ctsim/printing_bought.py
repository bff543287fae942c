"""What `ctsim yen` prints: one issue of the bonds in one table, what its money bought or why that cannot be said."""

from __future__ import annotations

from typing import Any, Final

import click

from ctsim.bought import NOT_MARGINAL, Account, Amount, Line
from ctsim.console import number, table
from ctsim.locale import when
from ctsim.schema import Bilingual

_HEAD: Final = {
    "ja": ["", "区分", "予算年度", "充当額(億円)", "借換", "充当額1億円当たり t/年", "同 t(全期間)", "年",
           "円/t(全期間)", "充当割合", "総額÷充当額", "理由"],
    "en": ["", "class", "budget", "allocated, 億円", "refinanced", "t/yr per 億円", "t per 億円, lifetime", "year",
           "yen/t, lifetime", "share", "leverage", "why not"],
}  # fmt: skip
_WORDS: Final = {
    "ja": {"partly": "一部", "none": "なし", "unstated": "記載なし", "A": "A 研究開発", "B": "B 設備投資",
           "C": "C 需要対策", "D": "D その他"},
    "en": {"partly": "partly", "none": "none", "unstated": "not stated", "A": "A R&D", "B": "B investment",
           "C": "C demand", "D": "D other"},
}  # fmt: skip
_SECTIONS: Final = {
    "rows": Bilingual(ja="事業別", en="by programme"), "classes": Bilingual(ja="区分別", en="by class"),
    "categories": Bilingual(ja="グリーンカテゴリー別", en="by green category"),
    "budgets": Bilingual(ja="予算年度別", en="by budget year"),
}  # fmt: skip


def account_table(account: Account, lang: str) -> None:
    """The table of one issue: its money, then what each row, class, category and budget year bought."""
    rows: list[list[str]] = []
    for section, title in _SECTIONS.items():
        rows.append([f"― {_said(title, lang)}"] + [""] * 11)
        rows += [_row(line, section == "rows", lang) for line in getattr(account, section)]
    reasons = list(dict.fromkeys(row[-1] for row in rows if row[-1]))
    for row in rows:
        row[-1] = f"[{reasons.index(row[-1]) + 1}]" if row[-1] else ""
    table(_title(account, lang), _HEAD[lang], [*_money(account, lang), *rows], right=(3, 5, 6, 8, 9, 10))
    for place, reason in enumerate(reasons, 1):
        click.echo(f"[{place}] {reason}")
    for said in _notes(account):
        click.echo(_said(said, lang))


def account_json(account: Account) -> dict[str, Any]:
    """The same for a machine: amounts in 億円, t-CO2 and yen."""
    totals = account.file.totals
    head: dict[str, Any] = {"issue": account.file.fiscal_year, "as_of": account.file.as_of}
    head |= {name: getattr(totals, name) for name in ("proceeds", "allocated", "refinanced", "unallocated")}
    head |= {"discount_rate": account.rate, "draws": account.draws, "note": NOT_MARGINAL.model_dump()}
    return head | {section: [_json(line) for line in getattr(account, section)] for section in _SECTIONS}


def _json(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {"name": line.name, "allocated": line.allocated,
                            "why": None if line.why is None else {"ja": line.why.ja, "en": line.why.en}}  # fmt: skip
    if line.bought:
        one = line.bought
        said |= {"programmes": list(one.programmes), "boundary": one.boundary, "when": one.when, "cost": one.cost,
                 "quantified": one.allocated, "share": one.share, "leverage": one.leverage,
                 **{name: vars(figure) for name, figure in one.amounts.items()}}  # fmt: skip
    return said


def _said(words: Bilingual, lang: str) -> str:
    return words.ja if lang == "ja" else words.en


def _title(account: Account, lang: str) -> str:
    year = account.file.fiscal_year
    if lang == "ja":
        return f"令和{year - 2018}年度発行分 充当額1億円当たりの削減効果({account.file.as_of}時点)"
    return f"Bonds issued in FY{year}: tonnes per 億円 of allocation (as of {account.file.as_of})"


def _money(account: Account, lang: str) -> list[list[str]]:
    """Proceeds, allocated, refinanced, new, unallocated."""
    totals = account.file.totals
    names = ["発行収入金", "充当額", "うち借換", "うち新規", "未充当残高"] if lang == "ja" else [
        "proceeds", "allocated", "of which refinanced", "of which new", "unallocated"]  # fmt: skip
    refinanced = totals.refinanced
    new = None if refinanced is None else totals.allocated - refinanced
    values = [totals.proceeds, totals.allocated, refinanced, new, totals.unallocated]
    unstated = _WORDS[lang]["unstated"]
    return [[name, "", "", unstated if value is None else f"{value:,.0f}", *[""] * 8]
            for name, value in zip(names, values, strict=True)]  # fmt: skip


def _row(line: Line, is_row: bool, lang: str) -> list[str]:
    words, first = _WORDS[lang], line.rows[0]
    name = words.get(line.name, line.name)
    head = [name, words[first.category] if is_row else "", first.budget_year if is_row else "",
            f"{line.allocated:,g}", words[first.refinanced] if is_row else ""]  # fmt: skip
    why = _said(line.why, lang) if line.why else ""
    if line.bought is None:
        return [*head, *[""] * 6, why]
    one = line.bought
    if one.allocated < line.allocated:
        covered = f"{one.allocated:,g} / {line.allocated:,g} 億円"
        why = f"{covered}; {why}"
    figures = one.amounts
    years = ", ".join(when(word, lang) for word in one.when.split(", "))
    return [*head, _range(figures["annual_per_oku"]), _range(figures["lifetime_per_oku"]), years,
            _range(figures["yen_per_tonne"]), f"{one.share:.1%}", f"{one.leverage:.2f}", why]  # fmt: skip


def _range(figure: Amount) -> str:
    return f"{number(figure.median)} [{number(figure.low)}–{number(figure.high)}]"


def _notes(account: Account) -> list[Bilingual]:
    rate = f"{account.rate:.1%}"
    return [
        NOT_MARGINAL,
        Bilingual(
            ja=f"中央値[90%区間、仮定に基づく]。事業全体の効果(他の財源を含む)÷充当額。全期間は耐用年数にわたる合計、割引率{rate}。"
            "B(工場)は供給能力による見通しで2040年の値。充当割合で按分した効果と全財源での円/tは --json に示す。",
            en=f"Median [90 % interval, under assumptions]. Effect of the whole programme, other money included, by "
            f"allocation. Lifetime: all years in use, discounted at {rate}. Class B plants: an outlook from capacity, "
            "of 2040. Pro-rated effects and yen per tonne of all money: --json.",
        ),
        Bilingual(
            ja="借換は合計のみ公表され、事業別の内訳はない(「一部」は令和4年度補正分)。",
            en="Refinancing is printed as one sum, not by programme ('partly': FY2022 supplementary budget).",
        ),
    ]
