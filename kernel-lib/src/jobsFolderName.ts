/** Folder with the records of queued jobs, in the output folder that they write; see `jobs/jobRecords.ts`. */
export const jobsFolderName = "jobs";
