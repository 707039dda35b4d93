-- Blocks on pages: how many of each, and in how many contexts
select blockname, count(*) as blocks, count(distinct parentcontextid) as places
  from {block_instances}
 group by blockname
 order by blocks desc, blockname
