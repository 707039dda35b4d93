-- Files: how many and how large, by what keeps them
select component, filearea, count(*) as files, sum(filesize) as bytes
  from {files}
 where filename <> '.'
 group by component, filearea
 order by bytes desc, component, filearea
