"""The promises of docs/reliability.md by number, the tests that show each, and where those are run.

Where is read from the tests themselves: what waits for CTSIM_FAULTS runs in `make faults`, what waits for its value
`long`, or does more then, in `make faults-long`; all else with every commit.
"""

import ast
from dataclasses import dataclass
from functools import cache

from tests.markdown import table
from tests.source import ROOT

SUITES = (
    "test_slurm",
    "test_hosts",
    "test_cluster_memory",
    "test_cluster",
    "test_shards",
    "test_resume",
    "test_bad_runs",
    "test_reproduce",
    "test_checkpoint",
    "test_reliability",
)
"""Suites of `make faults`. Those that wait most come first: each is one process's work from first test to last."""
PLACES = ("CI", "`make faults`", "`make faults-long`")


@dataclass(frozen=True)
class Promise:
    """What is promised, in words, and the tests that show it, by suite."""

    words: str
    tests: dict[str, tuple[str, ...]]
    more: str = ""

    def places(self) -> list[str]:
        """Where its tests are run."""
        found = {place for suite, names in self.tests.items() for name in names for place in run_in(suite, name)}
        return [place for place in PLACES if place in found] + [self.more] * bool(self.more)


PROMISES = (
    Promise(
        "the same bits in any layout: chunks, threads, processes, TCP workers with one killed, shards in any order, "
        "Slurm, stopped and resumed, other processors",
        {"test_engine": ("test_any_chunk_gives_the_same_bits", "test_the_whole_report_in_two_layouts"),
         "test_cluster": ("test_two_workers_one_of_them_killed",
                          "test_a_run_may_change_from_threads_to_a_cluster_and_back"),
         "test_shards": ("test_seven_shards_in_random_order_are_the_undivided_run",),
         "test_resume": ("test_a_run_goes_on_in_other_chunks",),
         "test_slurm": ("test_an_array_of_three",
                        "test_slurm_a_killed_worker_seven_shards_and_a_plain_run_have_one_digest"),
         "test_cpu_bits": ("test_layouts_give_one_digest", "test_a_run_on_another_cpu_has_the_same_digest")},
    ),
    Promise(
        "known answers: the generator's published vectors, and frozen vectors from seed, name and draw to bits",
        {"test_streams": ("test_known_answers", "test_frozen_vectors_did_not_change"),
         "test_sobol": ("test_direction_numbers_are_those_of_scipy", "test_frozen_vectors_did_not_change"),
         "test_resume": ("test_another_version_of_the_streams_is_refused",)},
    ),
    Promise(
        "`kill -9` at a random moment (20 times a commit, 100 on demand) loses no acknowledged chunk and leaves no "
        "marker over wrong data",
        {"test_resume": ("test_killed_many_times",
                         "test_a_kill_at_the_very_beginning_is_mended_by_the_same_command"),
         "test_checkpoint": ("test_killed_at_any_write_or_removal",),
         "test_cluster": ("test_a_worker_and_the_scheduler_killed_at_random_moments",)},
    ),
    Promise(
        "an unfinished or damaged result is not opened: it says how far it is and how to go on; 200 flipped bits, 200 "
        "found",
        {"test_resume": ("test_what_is_unfinished_says_how_to_go_on",
                         "test_every_flipped_bit_of_a_sealed_run_is_found"),
         "test_checkpoint": ("test_two_hundred_damages_are_found_two_hundred_times",),
         "test_bad_runs": ("test_file_of_a_result_that_is_damaged", "test_directory_that_is_not_sealed")},
    ),
    Promise(
        "a worker that is lost, frozen or out of memory, a lost scheduler or a cut cable ends in the result or in one "
        "line within a minute (five minutes before the first result, while machine code is made)",
        {"test_cluster": ("test_two_workers_one_of_them_killed", "test_a_scheduler_that_is_killed",
                          "test_a_worker_that_is_frozen_does_not_freeze_the_run",
                          "test_a_cluster_from_which_nothing_comes_is_given_up",
                          "test_what_makes_dask_wait_for_ever_is_set"),
         "test_hosts": ("test_a_cable_that_is_cut_and_put_back", "test_a_cable_that_stays_cut"),
         "test_cluster_memory": ("test_a_worker_out_of_memory_is_restarted", "test_workers_whose_memory_is_full")},
    ),
    Promise(
        "statistical tests of the generator: false alarms at most 1e-9 a check; a shift of the distribution by 0.6 "
        "points is caught; no retries",
        {"test_streams": ("test_top_bits_are_uniform", "test_uniforms_pass_kolmogorov",
                          "test_a_shift_of_0_6_points_is_caught", "test_one_key_for_two_names_is_caught"),
         "test_sobol": ("test_words_shifted_by_a_ten_thousandth_are_caught",)},
    ),
    Promise(
        "statistics keep their digits: NIST NumAcc1 to 4, and JCGM 101, 9.2.2 and 9.2.3",
        {"test_summaries": ("test_nist_numerical_accuracy", "test_any_chunking_and_any_order_give_the_same_bits"),
         "test_witness": ("test_the_additive_model_of_jcgm_101",)},
    ),
    Promise(
        "inputs changed at random (200 a commit, 10,000 on demand) work, or end in one line: no traceback, no code "
        "run, nothing over 5 s",
        {"test_reliability": ("test_inputs_changed_at_random",)},
        more="`make fuzz`",
    ),
    Promise(
        "a real Slurm: its controller, a driver or a job may be killed, a time limit may pass, and the run goes on; "
        "only who has a certificate of the same authority takes part in a `tls://` cluster",
        {"test_slurm": ("test_an_array_of_three", "test_an_array_with_a_task_out_of_time_and_one_cancelled",
                        "test_an_array_while_the_controller_is_killed", "test_a_task_that_runs_into_its_limit",
                        "test_dask_workers_in_jobs_one_of_them_cancelled", "test_a_driver_that_is_killed_goes_on"),
         "test_cluster": ("test_only_who_has_a_certificate_of_the_same_authority_takes_part",
                          "test_a_worker_of_another_authority_or_of_none_cannot_join")},
    ),
    Promise(
        "nothing listens beyond loopback unless an address is given; a scenario, a page or a run directory runs no "
        "code, reads nothing outside its folder and the library, writes nothing outside the run directory",
        {"test_cluster": ("test_processes_of_this_machine_listen_on_loopback_only",),
         "test_reliability": ("test_formulas_outside_the_package_run_only_when_they_are_named",
                              "test_names_of_scenarios_stay_in_their_folder",
                              "test_names_of_programmes_and_formulas_stay_in_their_folder",
                              "test_a_card_that_names_files_elsewhere_reads_none"),
         "test_resume": ("test_a_directory_alone_never_runs_code",)},
    ),
)  # fmt: skip
"""P1 to P10."""


@cache
def _tests(suite: str) -> dict[str, str]:
    """The source of each test of a suite, decorators included."""
    parsed = ast.parse((ROOT / "tests" / f"{suite}.py").read_text(encoding="utf-8"))
    functions = [node for node in parsed.body if isinstance(node, ast.FunctionDef)]
    return {one.name: "\n".join(map(ast.unparse, [*one.decorator_list, one])) for one in functions}


def run_in(suite: str, name: str) -> set[str]:
    """Where a test is run. Raises KeyError where there is none of that name."""
    source = _tests(suite)[name]
    first = source.splitlines()[0]
    only_long = first.startswith("pytest.mark.skipif") and "CTSIM_FAULTS" in first
    places = set() if only_long or first == "long" else {PLACES[0]}
    if suite in SUITES:
        places |= set() if only_long else {PLACES[1]}
    return places | ({PLACES[2]} if "CTSIM_FAULTS" in source else set())


def shown(suite: str, name: str) -> str:
    """A test in the table, with a sign where a commit does not run it."""
    return f"`{name}`{'' if PLACES[0] in run_in(suite, name) else ' †'}"


def promises() -> str:
    """The table of docs/reliability.md."""
    rows = []
    for number, one in enumerate(PROMISES, 1):
        listed = ((suite, [shown(suite, name) for name in names]) for suite, names in one.tests.items())
        said = "; ".join(f"`{suite}`: {', '.join(names)}" for suite, names in listed)
        rows.append([f"P{number}", one.words, said, ", ".join(one.places())])
    return table(["", "promise", "shown by", "run in"], rows) + "\n"
