#!/bin/sh
# A run in PARTS parts: sbatch --array=1-PARTS slurm-array.sh SCENARIO DRAWS FOLDER PARTS
# A part that failed: sbatch --array=3 with the same arguments; it goes on from what it has.
# Then, on any machine that sees FOLDER: ctsim merge FOLDER/part-* --out FOLDER/whole
#SBATCH --job-name=ctsim
#SBATCH --time=01:00:00
#SBATCH --mem=2G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120
# The last line: two minutes before the time is over ctsim is told, writes what it has and ends with status 3.
part="$3/part-$SLURM_ARRAY_TASK_ID"
if [ -e "$part/run.json" ]; then
    srun --ntasks=1 ctsim resume "$part" --log "$part.log"
else
    srun --ntasks=1 ctsim run "$1" --draws "$2" --shard "$SLURM_ARRAY_TASK_ID/$4" \
        --out "$part" --log "$part.log"
fi
status=$?
if [ "$status" -eq 3 ]; then
    scontrol requeue "$SLURM_ARRAY_JOB_ID"_"$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
