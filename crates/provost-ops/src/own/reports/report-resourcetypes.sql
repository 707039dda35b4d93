-- Files of the module Resource, by kind
select mimetype, count(*) as files, sum(filesize) as bytes
  from {files}
 where component = 'mod_resource' and filearea = 'content' and filename <> '.'
 group by mimetype
 order by files desc, mimetype
